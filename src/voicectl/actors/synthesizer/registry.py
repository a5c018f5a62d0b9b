"""The table of voice backends: what is known of each without loading it. ``auto`` takes the first row that fits.

A backend is a module of this folder and one row here. Its functions import no heavy library: the command line and the
supervisor ask them, too.
"""

from collections.abc import Callable
from typing import NamedTuple

from voicectl.actors.synthesizer import say
from voicectl.actors.synthesizer.backend import SynthesizerBackend
from voicectl.actors.synthesizer.coqui import backend as coqui
from voicectl.actors.synthesizer.coqui import zoo as coqui_zoo
from voicectl.actors.synthesizer.edge import entry as edge_entry
from voicectl.actors.synthesizer.espeak import backend as espeak_ng
from voicectl.actors.synthesizer.kokoro import backend as kokoro
from voicectl.actors.synthesizer.openjtalk import backend as openjtalk
from voicectl.actors.synthesizer.piper import backend as piper
from voicectl.actors.synthesizer.voice import VoiceInfo
from voicectl.config.settings import SynthesizerSettings


class Entry(NamedTuple):
    """A backend.

    Attributes:
        name: What ``synthesizer.backend`` takes.
        load: Makes the backend for some settings and a language; raises ``BackendUnavailable`` or ``ConfigError``.
        voices: The voices that can speak a language (None: any) as they are installed, the best first.
        missing: One line on how to get voices for a language (None: any); None where there is no more to get.
        auto: Why ``auto`` takes this backend for a language; None when it does not.
    """

    name: str
    load: Callable[[SynthesizerSettings, str], SynthesizerBackend]
    voices: Callable[[SynthesizerSettings, str | None], list[VoiceInfo]]
    missing: Callable[[SynthesizerSettings, str | None], str | None]
    auto: Callable[[SynthesizerSettings, str], str | None]


BACKENDS: tuple[Entry, ...] = (
    Entry(coqui_zoo.NAME, coqui.load, coqui_zoo.installed, coqui_zoo.missing, coqui_zoo.auto),
    Entry(kokoro.NAME, kokoro.KokoroBackend, kokoro.installed, kokoro.missing, kokoro.auto),
    Entry(piper.NAME, piper.PiperBackend, piper.installed, piper.missing, piper.auto),
    Entry(openjtalk.NAME, openjtalk.OpenJTalkBackend, openjtalk.installed, openjtalk.missing, openjtalk.auto),
    Entry(say.NAME, say.SayBackend, say.installed, say.missing, say.auto),
    Entry(espeak_ng.NAME, espeak_ng.EspeakNgBackend, espeak_ng.installed, espeak_ng.missing, espeak_ng.auto),
    Entry(edge_entry.NAME, edge_entry.load, edge_entry.installed, edge_entry.missing, edge_entry.auto),
)
"""Every backend, the one that sounds best first."""


def entry(name: str) -> Entry | None:
    """Return the row of a backend, None when there is none of this name."""
    return next((row for row in BACKENDS if row.name == name), None)
