"""Listens to Japanese: PocketSphinx, its English sound model, and a lexicon of what the sentences are made of.

The phonemes of Japanese are mapped to the nearest English ones, so that no Japanese model is needed. A listener of this
kind cannot take dictation, but it tells which of some sentences was said, and hears nothing in noise.
"""

import contextlib
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

with contextlib.redirect_stdout(io.StringIO()):
    import pyopenjtalk

RATE = 16_000
_PEAK = 0.7 * 32767
_MARGIN = RATE // 4
"""Samples of silence around a sentence, as the recognizer expects."""

_SIMPLE = {
    "a": "AA", "i": "IY", "u": "IH", "e": "EY", "o": "OW", "N": "NG", "k": "K", "s": "S", "sh": "SH", "t": "T",
    "ch": "CH", "ts": "T S", "n": "N", "h": "HH", "f": "F", "m": "M", "y": "Y", "r": "D", "w": "W", "g": "G", "z": "Z",
    "j": "JH", "d": "D", "b": "B", "p": "P", "v": "V",
}  # fmt: skip
_VOWELS = frozenset({"AA", "IY", "IH", "EY", "OW"})
_SILENT = frozenset({"pau", "sil", "cl"})


def _english(phonemes: Sequence[str]) -> list[str]:
    """Return the English phonemes nearest to Japanese ones; a long vowel becomes a short one."""
    found: list[str] = []
    for phoneme in phonemes:
        if phoneme in _SILENT:
            continue
        near = _SIMPLE.get(phoneme) or _SIMPLE.get(phoneme.lower())
        near = near or f"{_SIMPLE[phoneme[0]]} Y"  # ky, ry, by and their like
        if not (near in _VOWELS and found[-1:] == [near]):
            found += near.split()
    return found


def _phrases(sentence: str) -> list[tuple[str, ...]]:
    """Return the sounds of a sentence's accent phrases."""
    phrases: list[str] = []
    for node in pyopenjtalk.run_frontend(sentence, normalize_mode="NFKC"):
        if node["pos"] == "記号":
            continue
        spoken = node["pron"].replace("’", "")
        if phrases and node["chain_flag"] == 1:
            phrases[-1] += spoken
        else:
            phrases.append(spoken)
    return [tuple(_english(pyopenjtalk.g2p(phrase, join=False))) for phrase in phrases]


class Recognizer:
    """Tells which of its sentences a sound is."""

    def __init__(self, sentences: Sequence[str]) -> None:
        from pocketsphinx import Decoder

        phrases = [_phrases(sentence) for sentence in sentences]
        words = {sounds: f"w{number}" for number, sounds in enumerate(sorted({s for p in phrases for s in p}))}
        self._spoken = [[words[sounds] for sounds in sentence] for sentence in phrases]
        with tempfile.TemporaryDirectory() as folder:
            lexicon, grammar = Path(folder, "words.dict"), Path(folder, "sentences.gram")
            lexicon.write_text("".join(f"{word} {' '.join(sounds)}\n" for sounds, word in words.items()))
            choices = " | ".join(f"( {' '.join(sentence)} )" for sentence in self._spoken)
            grammar.write_text(f"#JSGF V1.0;\ngrammar sentences;\npublic <sentence> = {choices} ;\n")
            self._decoder = Decoder(samprate=RATE, dict=str(lexicon), jsgf=str(grammar), loglevel="FATAL")

    def sentence(self, samples: npt.NDArray[np.int16], rate: int) -> int | None:
        """Return the number of the sentence that was heard, None when it was none of them."""
        wave = soxr.resample(samples.astype(np.float64), rate, RATE)
        wave *= _PEAK / max(1.0, np.abs(wave).max())
        silence = np.zeros(_MARGIN)
        self._decoder.start_utt()
        self._decoder.process_raw(np.concatenate([silence, wave, silence]).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        heard = self._decoder.hyp()
        words = heard.hypstr.split() if heard else []
        return self._spoken.index(words) if words in self._spoken else None
