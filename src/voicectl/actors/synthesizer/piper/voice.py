"""Piper's voices as files: where they are, and what stands in them. Nothing here loads a model.

A voice is ``NAME.onnx`` and, beside it, ``NAME.onnx.json``; its name, as in ``en_US-lessac-medium``, has the language,
the speaker and the quality. (The form is that of the voices at https://huggingface.co/rhasspy/piper-voices.)
"""

from pathlib import Path
from typing import Annotated

import msgspec

from voicectl.actors.synthesizer.voice import VoiceInfo, speaks
from voicectl.config.paths import voices_dir
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendUnavailable, ConfigError

NAME = "piper"
PULL = "voicectl models pull rhasspy/piper-voices/NAME"

_QUALITIES = ("high", "medium", "low", "x_low")
"""Piper's own, the best first."""


class _Audio(msgspec.Struct, frozen=True):
    sample_rate: Annotated[int, msgspec.Meta(ge=1000, le=192_000)]


class _Espeak(msgspec.Struct, frozen=True):
    voice: str = "en-us"


class _Inference(msgspec.Struct, frozen=True):
    noise_scale: float = 0.667
    length_scale: float = 1.0
    noise_w: float = 0.8


class _Language(msgspec.Struct, frozen=True):
    code: str = ""


class PiperConfig(msgspec.Struct, frozen=True):
    """What is used of ``NAME.onnx.json``.

    ``phoneme_id_map`` has the ids of each phoneme, a character of IPA (or of the text, where ``phoneme_type`` is
    ``text``); ``speaker_id_map`` the number of each speaker.
    """

    audio: _Audio
    phoneme_id_map: dict[str, tuple[int, ...]]
    espeak: _Espeak = _Espeak()
    inference: _Inference = _Inference()
    language: _Language = _Language()
    phoneme_type: str = "espeak"
    num_speakers: int = 1
    speaker_id_map: dict[str, int] = {}

    @property
    def tag(self) -> str:
        """The language as a BCP 47 tag."""
        return (self.language.code or self.espeak.voice).replace("_", "-")


class PiperFile(msgspec.Struct, frozen=True):
    """A voice on this machine, and which of its speakers is meant (empty: the first)."""

    model: Path
    config: PiperConfig
    speaker: str = ""

    @property
    def name(self) -> str:
        """What ``synthesizer.voice`` takes."""
        return self.model.stem

    @property
    def sid(self) -> int:
        """The number of the speaker.

        Raises:
            ConfigError: the voice has no such speaker.
        """
        known = self.config.speaker_id_map
        if not self.speaker:
            return min(known.values(), default=0)
        if self.speaker in known:
            return known[self.speaker]
        if self.speaker.isdecimal() and int(self.speaker) < self.config.num_speakers:
            return int(self.speaker)
        some = ", ".join([*known][:5]) or f"0 to {self.config.num_speakers - 1}"
        raise ConfigError(f"synthesizer.voice: {self.name} has no speaker {self.speaker!r}; it has {some}")


def folder(settings: SynthesizerSettings) -> Path:
    """Return the folder of voices."""
    return Path(settings.voices).expanduser() if settings.voices else voices_dir()


def found(settings: SynthesizerSettings, language: str | None) -> list[PiperFile]:
    """Return the voices in the folder and below that speak a language (None: any), the best for it first."""
    files = []
    for path in folder(settings).glob("**/*.onnx"):
        config = _config(path)
        if config and (language is None or speaks(config.tag, language)):
            files.append(PiperFile(path, config))
    return sorted(files, key=lambda file: (*_rank(file, language), file.name))


def voices(settings: SynthesizerSettings, language: str | None) -> list[VoiceInfo]:
    """Return the voices that speak a language (None: any); one that is named by its path or speaker goes first."""
    files = {file.name: file for file in found(settings, language)}
    if settings.voice and (file := named(settings)) and (language is None or speaks(file.config.tag, language)):
        files = {settings.voice: file} | files
    return [VoiceInfo(NAME, name, file.config.tag, file.config.audio.sample_rate) for name, file in files.items()]


def named(settings: SynthesizerSettings) -> PiperFile | None:
    """Return the voice that the settings name: ``NAME`` or a path, and behind a colon the speaker; None if not here."""
    whole, (name, _, speaker) = settings.voice, settings.voice.rpartition(":")
    for wanted, who in ((whole, ""), (name, speaker)):
        path = Path(wanted).expanduser()
        if wanted.endswith(".onnx") and (config := _config(path)):
            return PiperFile(path, config, who)
        for file in found(settings, None):
            if file.name == wanted:
                return PiperFile(file.model, file.config, who)
    return None


def choose(settings: SynthesizerSettings, language: str) -> PiperFile:
    """Return the voice that the settings name, else the best for the language.

    Raises:
        BackendUnavailable: it is not on this machine, or its files cannot be used.
    """
    if settings.voice:
        if file := named(settings):
            return file
        path = Path(settings.voice).expanduser()
        if path.suffix == ".onnx":
            read_config(path)  # says what is wrong with it
        raise BackendUnavailable(
            f"piper: there is no voice {settings.voice!r} in {folder(settings)}; "
            f"get it with: {PULL.replace('NAME', settings.voice.partition(':')[0])}"
        )
    if files := found(settings, language):
        return files[0]
    raise BackendUnavailable(f"piper: no voice in {folder(settings)} speaks {language!r}; get one with: {PULL}")


def read_config(model: Path) -> PiperConfig:
    """Return the configuration beside a model.

    Raises:
        BackendUnavailable: one of the files is missing, or it is not a configuration of Piper.
    """
    path = model.with_name(f"{model.name}.json")
    for file in (model, path):
        if not file.is_file():
            raise BackendUnavailable(f"piper: there is no file {file}; a voice is NAME.onnx and NAME.onnx.json")
    try:
        return msgspec.json.decode(path.read_bytes(), type=PiperConfig)
    except (OSError, msgspec.DecodeError) as exc:
        raise BackendUnavailable(f"piper: {path} is no configuration of a Piper voice ({exc}); get it again") from exc


def _config(model: Path) -> PiperConfig | None:
    """Return the configuration beside a model, None where there is no usable one."""
    try:
        return read_config(model)
    except BackendUnavailable:
        return None


def _rank(file: PiperFile, language: str | None) -> tuple[bool, int]:
    """Return how well a voice fits, the least is best: its region, then its quality."""
    quality = file.name.rpartition("-")[2]
    rank = _QUALITIES.index(quality) if quality in _QUALITIES else len(_QUALITIES)
    return language is not None and file.config.tag.lower() != language.lower(), rank
