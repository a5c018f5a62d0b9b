"""Open JTalk's engine, frame by frame: the sound leaves window by window, and is the whole sentence's to the bit.

The engine (hts_engine API 1.10) makes a sentence in three steps. State sequence and parameter sequence say how long
every phoneme is and which spectrum and pitch every frame of 5 ms has; they look at the whole sentence, whose variance
they bring to that of natural speech, and take a twentieth of the time. The vocoder turns frames into samples one after
the other and needs nothing that comes later. Only the vocoder is run in windows. (Parameter generation with global
variance: Toda and Tokuda 2007, IEICE Trans. E90-D 5.)

pyopenjtalk has one call for all three steps, but its extension module exports the engine's functions. They are called
here through ctypes, and are given structs that the engine alone looks into.
"""

import ctypes
import math
import time
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace, TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from voicectl.protocol.errors import BackendError, BackendUnavailable

FIRST_WINDOW = 40
"""Frames of the first window behind the leading silence, 0.2 s."""

GROWTH = 1.25
"""Each window is this much longer than the one before, so that a machine may be as slow as 0.8 of real time."""

LARGEST_WINDOW = 100
"""Frames at which growing stops, 0.5 s: longer ones would save nothing."""

MARGIN = 3
"""The first sound waits until there is this much more of it than the next window will take to make, by the pace so far:
a busy machine begins later, and has no gap."""

_STRUCT_BYTES = 4096
"""More than any of the engine's structs has; the largest, the vocoder's, has about 300."""

_SPECTRUM, _PITCH, _FILTER = range(3)
"""The streams of a voice: mel-cepstrum, logarithm of F0, and the filter that mixes noise into the pulses."""

_STREAMS = 3
_UNVOICED = -1.0e10
_LOWEST, _HIGHEST = math.log(20.0), math.log(20_000.0)
_SEMITONE = math.log(2.0) / 12
_MSD_THRESHOLD = 0.5
"""Probability of voicing from which on a frame is voiced; the engine's own, as are the weights of 1."""

Wave = npt.NDArray[np.float64]

_P, _N, _D, _B = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_double, ctypes.c_bool
_STRINGS = ctypes.POINTER(ctypes.c_char_p)
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    # name: result, arguments
    "ModelSet_initialize": (None, _P),
    "ModelSet_load": (_B, _P, _STRINGS, _N),
    "ModelSet_clear": (None, _P),
    "ModelSet_get_sampling_frequency": (_N, _P),
    "ModelSet_get_fperiod": (_N, _P),
    "ModelSet_get_nstate": (_N, _P),
    "ModelSet_get_nstream": (_N, _P),
    "ModelSet_get_option": (ctypes.c_char_p, _P, _N),
    "Label_initialize": (None, _P),
    "Label_load_from_strings": (None, _P, _N, _N, _STRINGS, _N),
    "Label_clear": (None, _P),
    "SStreamSet_initialize": (None, _P),
    "SStreamSet_create": (_B, _P, _P, _P, _B, _D, _P, _P, _P),
    "SStreamSet_get_total_state": (_N, _P),
    "SStreamSet_get_duration": (_N, _P, _N),
    "SStreamSet_get_mean": (_D, _P, _N, _N, _N),
    "SStreamSet_set_mean": (None, _P, _N, _N, _N, _D),
    "SStreamSet_clear": (None, _P),
    "PStreamSet_initialize": (None, _P),
    "PStreamSet_create": (_B, _P, _P, _P, _P),
    "PStreamSet_get_total_frame": (_N, _P),
    "PStreamSet_get_vector_length": (_N, _P, _N),
    "PStreamSet_get_parameter": (_D, _P, _N, _N, _N),
    "PStreamSet_get_parameter_vector": (_P, _P, _N, _N),
    "PStreamSet_get_msd_flag": (_B, _P, _N, _N),
    "PStreamSet_clear": (None, _P),
    "Vocoder_initialize": (None, _P, _N, _N, _B, _N, _N),
    "Vocoder_synthesize": (None, _P, _N, _D, _P, _N, _P, _D, _D, _D, _P, _P),
    "Vocoder_clear": (None, _P),
}


class HtsVoice:
    """A voice file in the engine of pyopenjtalk's extension module; ``hts`` has the engine's functions.

    Raises:
        BackendUnavailable: the module does not export the engine, or the voice is not of the kind that is known here.
    """

    def __init__(self, module: str, voice: bytes) -> None:
        self.hts = hts = _functions(module)
        self.models = _struct()
        hts.ModelSet_initialize(self.models)
        if not hts.ModelSet_load(self.models, (ctypes.c_char_p * 1)(voice), 1):
            raise BackendUnavailable(f"the voice {voice.decode(errors='replace')} cannot be loaded")
        self.sample_rate = int(hts.ModelSet_get_sampling_frequency(self.models))
        self.frame_samples = int(hts.ModelSet_get_fperiod(self.models))
        self.frame_s = self.frame_samples / self.sample_rate
        self.states = int(hts.ModelSet_get_nstate(self.models))
        name, _, value = hts.ModelSet_get_option(self.models, _SPECTRUM).decode().partition("=")
        if (name, hts.ModelSet_get_nstream(self.models)) != ("ALPHA", _STREAMS):
            raise BackendUnavailable(f"the voice {voice.decode(errors='replace')} has streams that are not known")
        self.alpha = float(value)

    def close(self) -> None:
        """Free the voice."""
        self.hts.ModelSet_clear(self.models)


class HtsUtterance:
    """The frames of one sentence, and a vocoder that stands before the first of them.

    ``labels`` are full-context labels, ``speed`` is a factor, ``pitch`` in semitones. ``total`` frames are there, of
    which the first label has ``lead`` and the last one ``tail``: the silence around a sentence.

    Raises:
        BackendError: the engine could not make them.
    """

    def __init__(self, voice: HtsVoice, labels: Sequence[str], speed: float, pitch: float) -> None:
        self._voice, self._hts = voice, (hts := voice.hts)
        self._states, self._frames, self._vocoder = _struct(), _struct(), _struct()
        hts.SStreamSet_initialize(self._states)
        hts.PStreamSet_initialize(self._frames)
        try:
            self._make_states(labels, speed, pitch)
            self._make_frames()
        except BaseException:
            self._clear()
            raise
        self.total = int(hts.PStreamSet_get_total_frame(self._frames))
        self.lead = self._length(range(voice.states))
        self.tail = self._length(range((len(labels) - 1) * voice.states, len(labels) * voice.states))
        self._at = self._voiced = 0
        self._order = hts.PStreamSet_get_vector_length(self._frames, _SPECTRUM) - 1
        self._taps = hts.PStreamSet_get_vector_length(self._frames, _FILTER)
        hts.Vocoder_initialize(self._vocoder, self._order, 0, False, voice.sample_rate, voice.frame_samples)

    def windows(self, clock: Callable[[], float] = time.monotonic) -> Iterator[tuple[Wave, bool]]:
        """Yield the sound window by window, shape (n,), on an int16 scale, and whether it is the last.

        The silence at the end is never a window of its own. ``clock`` is in seconds.
        """
        size, begun, is_heard = FIRST_WINDOW, clock(), False
        made: list[Wave] = []
        while self.total - self.tail - self._at > self._lead_left + size * GROWTH:
            made.append(self._vocode(self._lead_left + size))
            size = min(LARGEST_WINDOW, int(size * GROWTH))
            next_s = size * (clock() - begun) / self._at
            is_heard = is_heard or (self._at - self.lead) * self._voice.frame_s >= MARGIN * next_s
            if is_heard:
                yield np.concatenate(made), False
                made.clear()
        yield np.concatenate((*made, self._vocode(self.total - self._at))), True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free what the engine has allocated."""
        self._hts.Vocoder_clear(self._vocoder)
        self._clear()

    @property
    def _lead_left(self) -> int:
        return max(0, self.lead - self._at)

    def _make_states(self, labels: Sequence[str], speed: float, pitch: float) -> None:
        voice, hts, names, weights = self._voice, self._hts, _struct(), _weights(1.0)
        by_voice = (_P * 1)(ctypes.addressof(weights))
        lines = (ctypes.c_char_p * len(labels))(*(label.encode() for label in labels))
        hts.Label_initialize(names)
        hts.Label_load_from_strings(names, voice.sample_rate, voice.frame_samples, lines, len(labels))
        made = hts.SStreamSet_create(self._states, voice.models, names, False, speed, weights, by_voice, by_voice)
        hts.Label_clear(names)
        if not made:
            raise BackendError("openjtalk could not speak: no states for its labels")
        for state in range(hts.SStreamSet_get_total_state(self._states) if pitch else 0):
            mean = hts.SStreamSet_get_mean(self._states, _PITCH, state, 0) + pitch * _SEMITONE
            hts.SStreamSet_set_mean(self._states, _PITCH, state, 0, min(max(mean, _LOWEST), _HIGHEST))

    def _make_frames(self) -> None:
        if not self._hts.PStreamSet_create(self._frames, self._states, _weights(_MSD_THRESHOLD), _weights(1.0)):
            raise BackendError("openjtalk could not speak: no frames for its states")

    def _length(self, states: range) -> int:
        return sum(int(self._hts.SStreamSet_get_duration(self._states, state)) for state in states)

    def _vocode(self, count: int) -> Wave:
        """Return the samples of the next ``count`` frames."""
        hts, frames, samples = self._hts, self._frames, self._voice.frame_samples
        wave = np.empty(count * samples)
        address = wave.ctypes.data
        for frame in range(self._at, self._at + count):
            pitch = _UNVOICED
            if hts.PStreamSet_get_msd_flag(frames, _PITCH, frame):
                pitch = hts.PStreamSet_get_parameter(frames, _PITCH, self._voiced, 0)
                self._voiced += 1
            hts.Vocoder_synthesize(
                self._vocoder,
                self._order,
                pitch,
                hts.PStreamSet_get_parameter_vector(frames, _SPECTRUM, frame),
                self._taps,
                hts.PStreamSet_get_parameter_vector(frames, _FILTER, frame),
                self._voice.alpha,
                0.0,  # no postfilter
                1.0,  # volume
                address,
                None,
            )
            address += samples * wave.itemsize
        self._at += count
        return wave

    def _clear(self) -> None:
        self._hts.PStreamSet_clear(self._frames)
        self._hts.SStreamSet_clear(self._states)


def _functions(module: str) -> SimpleNamespace:
    """Return the engine's functions by their names without ``HTS_``."""
    functions = SimpleNamespace()
    try:
        library = ctypes.CDLL(module)
        for name, (result, *arguments) in _FUNCTIONS.items():
            function = getattr(library, f"HTS_{name}")
            function.restype, function.argtypes = result, arguments
            setattr(functions, name, function)
    except (OSError, AttributeError) as exc:
        raise BackendUnavailable(f"the engine of pyopenjtalk cannot be called frame by frame ({exc})") from exc
    return functions


def _struct() -> "ctypes.Array[ctypes.c_char]":
    return ctypes.create_string_buffer(_STRUCT_BYTES)


def _weights(value: float) -> "ctypes.Array[ctypes.c_double]":
    """Return one number for each stream."""
    return (_D * _STREAMS)(*[value] * _STREAMS)
