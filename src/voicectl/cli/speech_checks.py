"""The doctor's look at what speaks: audio output, models, and the backends that ``auto`` would take.

Nothing heavy is imported here: torch and PortAudio are asked in a child process, which may crash or hang.
"""

import shutil
from collections.abc import Iterator
from importlib import metadata, util

from voicectl.cli.check import Check, ChildError, State, ask_child
from voicectl.config.settings import LanguageSettings, SinkSettings, SynthesizerSettings, TranslatorSettings

AUDIO_TIMEOUT_S = 15.0
TORCH_TIMEOUT_S = 90.0
"""Seconds; importing torch from a cold disk takes long."""

_AUDIO = """
import json, sounddevice
devices = [each for each in sounddevice.query_devices() if each["max_output_channels"] > 0]
print(json.dumps([each["name"] for each in devices]))
"""

_TORCH = """
import json, torch
cuda = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
print(json.dumps({"cuda": cuda, "mps": torch.backends.mps.is_available()}))
"""


def audio(sink: SinkSettings) -> Iterator[Check]:
    """Check PortAudio and the output devices; without them only a sink of another kind can work."""
    kind, _, wanted = sink.spec.partition(":")
    bad: State = "fail" if kind == "device" else "warn"
    instead = "or use --sink web:8765 or wav:out.wav"
    try:
        names: list[str] = ask_child(_AUDIO, AUDIO_TIMEOUT_S)
    except ChildError as exc:
        yield Check("portaudio", bad, str(exc), f"install it (Debian: apt install libportaudio2) {instead}")
        return
    yield Check("portaudio", "ok", "loads")
    if not names:
        yield Check("output device", bad, "none", f"connect one, start PulseAudio or PipeWire, {instead}")
    elif kind == "device" and wanted and not any(wanted.lower() in name.lower() for name in names):
        advice = f"set sink.spec to device:NAME of one of them {instead}"
        yield Check("output device", bad, f"no {wanted!r} among {', '.join(names)}", advice)
    else:
        yield Check("output device", "ok", ", ".join(names))


def starter() -> Iterator[Check]:
    """Check that the translator that ships with voicectl is whole."""
    from voicectl.models import store

    problems = store.verify(store.manifest()[store.STARTER_ID], store.STARTER)
    if problems:
        yield Check("starter model", "fail", problems[0], "install voicectl again")
    else:
        yield Check("starter model", "ok", f"{store.STARTER}, checksums right")


def torch() -> Iterator[Check]:
    """Check whether torch is there and what it can compute on."""
    if util.find_spec("torch") is None:
        yield Check("torch", "ok", "not installed; only NLLB and Coqui need it: pip install 'voicectl[all]'")
        return
    version = metadata.version("torch")
    try:
        found = ask_child(_TORCH, TORCH_TIMEOUT_S)
    except ChildError as exc:
        yield Check("torch", "warn", f"{version}: {exc}", "install it again: pip install --force-reinstall torch")
        return
    device = f"CUDA on {found['cuda']}" if found["cuda"] else "Apple's MPS" if found["mps"] else "the CPU only"
    yield Check("torch", "ok", f"{version}, {device}")


def coqui() -> Iterator[Check]:
    """Check whether Coqui TTS is there."""
    if util.find_spec("TTS") is None:
        yield Check("coqui", "ok", "not installed; only Coqui voices need it: pip install 'voicectl[coqui]'")
        return
    versions = [each.version for name in ("coqui-tts", "TTS") for each in metadata.distributions(name=name)]
    yield Check("coqui", "ok", versions[0] if versions else "installed")


def espeak(synthesizer: SynthesizerSettings) -> Iterator[Check]:
    """Check whether espeak-ng is there; it matters where the settings name it."""
    path = shutil.which("espeak-ng")
    if path:
        yield Check("espeak-ng", "ok", path)
    elif synthesizer.backend == "espeak-ng":
        yield Check("espeak-ng", "fail", "not found", "install it (Debian: apt install espeak-ng)")
    elif "espeak-ng" in synthesizer.fallback:
        advice = "install it (Debian: apt install espeak-ng) to have this fallback voice"
        yield Check("espeak-ng", "warn", "not found", advice)
    else:
        yield Check("espeak-ng", "ok", "not found, not needed")


def readings(settings: SynthesizerSettings, target: str) -> Iterator[Check]:
    """Check what reads English in Japanese text: the dictionary, the user's own, and e2k for the words in neither."""
    from voicectl.actors.synthesizer.readings.lexicon import Lexicon
    from voicectl.actors.synthesizer.readings.voice import own_dictionary

    if target.partition("-")[0] != "ja":
        yield Check("readings", "ok", "only Japanese needs them")
    elif util.find_spec("e2k") is None:
        yield Check("readings", "fail", "e2k is not installed", "pip install e2k")
    else:
        own = own_dictionary(settings.readings)
        beside = f", with {own}" if own else ""
        yield Check("readings", "ok", f"e2k {metadata.version('e2k')}, {len(Lexicon(own))} terms{beside}")


def translator(settings: TranslatorSettings, language: LanguageSettings) -> Iterator[Check]:
    """Say which translator the settings lead to, and why."""
    from voicectl.actors.translator.factory import choose

    name, reason = choose(settings, language)
    yield Check("translator", "ok", f"{name}: {reason}")


def synthesizer(settings: SynthesizerSettings, target: str) -> Iterator[Check]:
    """Say which synthesizer the settings lead to, and why."""
    from voicectl.actors.synthesizer.factory import choose

    name, reason = choose(settings, target)
    yield Check("synthesizer", "ok", f"{name}: {reason}")
