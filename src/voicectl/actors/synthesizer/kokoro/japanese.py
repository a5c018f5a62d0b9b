"""Japanese in the phonemes of Kokoro's voices: IPA, as the model's makers wrote it in training.

espeak-ng, which gives the phonemes of Kokoro's other languages, reads kanji as "Chinese letter". So Open JTalk reads
the sentence, and its kana are written in IPA. The conventions are those of misaki 0.9, which wrote the phonemes for the
model's training: ``ɴ`` takes the place of the consonant behind it, a long vowel is ``ː``, a doubled consonant ``ʔ``.
"""

import re
from collections.abc import Iterator

from voicectl.protocol.errors import BackendError

_ROWS = {
    "": "アイウエオ",
    "k": "カキクケコ",
    "ɡ": "ガギグゲゴ",
    "s": "サシスセソ",
    "ʣ": "ザジズゼゾ",
    "t": "タチツテト",
    "d": "ダヂヅデド",
    "n": "ナニヌネノ",
    "h": "ハヒフヘホ",
    "b": "バビブベボ",
    "p": "パピプペポ",
    "m": "マミムメモ",
    "ɾ": "ラリルレロ",
}
_VOWELS = "aiɯeo"
_BEFORE_I = {"": "", "s": "ɕ", "ʣ": "ʥ", "t": "ʨ", "d": "ʥ", "n": "ɲ", "h": "ç"}
"""Consonants that change before i; the others are palatalized, ``kʲ``."""

_SYLLABLES_OF_U = {"ス": "sɨ", "ズ": "zɨ", "ツ": "ʦɨ", "ヅ": "zɨ", "フ": "ɸɯ"}
_OTHERS = dict(
    zip(
        "ヰヱヵヶヤユヨワヲヴーッン",
        ["i", "e", "ka", "ke", "ja", "jɯ", "jo", "βa", "o", "vɯ", "ː", "ʔ", "ɴ"],
        strict=True,
    )
)
_SMALL = dict(zip("ァィゥェォャュョヮ", "aiɯeoaɨoa", strict=True))
_BEFORE_SMALL = dict(zip("ウクグツフヴテデトド", ["β", "kᵝ", "ɡᵝ", "ʦ", "ɸ", "v", "t", "d", "t", "d"], strict=True))
"""The consonant of a kana before a small vowel, as in ファ."""

_NASALS = {"m": "mpb", "ŋ": "kɡ", "ɲ": "ɲʨʥ", "n": "ntdɾz"}
"""What ン becomes before which sounds."""

_MARKS = str.maketrans("、。！？「」『』（）：；…", ",.!?“”“”():;…")
_KANA = re.compile("[ァ-ヴー]")


def phonemes(text: str) -> str:
    """Return the phonemes of a Japanese sentence: accent phrases between spaces, with punctuation.

    Raises:
        BackendError: Open JTalk could not read it.
    """
    import pyopenjtalk

    try:
        words = pyopenjtalk.run_frontend(text, normalize_mode="NFKC")
    except (RuntimeError, ValueError, LookupError) as exc:
        raise BackendError(f"kokoro: Open JTalk could not read {text[:40]!r}: {exc}") from exc
    said = ""
    for word in words:
        kana = "".join(_KANA.findall(word["pron"])) if word["mora_size"] else ""
        mark = word["string"].translate(_MARKS).strip()
        if kana:
            said += kana if word["chain_flag"] == 1 else f" {kana}"
        elif mark and all(each in ",.!?“”():;…" for each in mark):
            said += mark
    return " ".join(ipa(phrase) for phrase in said.split())


def ipa(kana: str) -> str:
    """Return katakana (and punctuation, which is kept) in IPA."""
    sounds = list(_sounds(kana))
    for at, sound in enumerate(sounds):
        if sound == "ɴ" and at + 1 < len(sounds):
            sounds[at] = next((nasal for nasal, heads in _NASALS.items() if sounds[at + 1][0] in heads), sound)
    return "".join(sounds)


def _sounds(kana: str) -> Iterator[str]:
    """Yield the sound of each mora."""
    at = 0
    while at < len(kana):
        small = kana[at + 1 : at + 2]
        if small in _SMALL and small and kana[at] not in _SMALL:
            yield _contracted(kana[at], small)
            at += 2
        else:
            yield _SMALL.get(kana[at]) or _PLAIN.get(kana[at], kana[at])
            at += 1


def _contracted(kana: str, small: str) -> str:
    """Return the sound of a kana with a small one behind it."""
    glide = small in "ャュョ"
    if kana in _BEFORE_SMALL:
        consonant = _BEFORE_SMALL[kana]
        # フィ, ティ and デュ are palatalized; ウィ and クィ are not.
        soft = (glide or small == "ィ") and consonant[-1] not in "βᵝ"
        return consonant + ("ʲ" if soft else "") + _SMALL[small]
    sound = _PLAIN.get(kana, "")
    return (sound[:-1] if sound else "") + _SMALL[small]


def _plain() -> dict[str, str]:
    """Return the sound of every kana that stands alone."""
    table = dict(_OTHERS)
    for consonant, row in _ROWS.items():
        for kana, vowel in zip(row, _VOWELS, strict=True):
            table[kana] = consonant + vowel
        table[row[1]] = _BEFORE_I.get(consonant, f"{consonant}ʲ") + "i"
    return table | _SYLLABLES_OF_U


_PLAIN = _plain()
