"""IPA phonemes by the espeak-ng program, clause by clause, as Piper's voices were trained on them.

The program prints what it says of each line it is given, an empty line for an empty line, and no punctuation. So every
clause goes in as a line of its own with an empty one behind it, and its punctuation mark is put back.
"""

import re
import subprocess
import unicodedata

from voicectl.actors.synthesizer.espeak.backend import INSTALL, NAME, program
from voicectl.actors.synthesizer.pcm import pronounceable
from voicectl.actors.synthesizer.plain import plain
from voicectl.protocol.errors import BackendError, BackendUnavailable

_CLAUSE = re.compile(r"(.*?)(?:([,;:!?…–]+|\.+(?=[\s\"'”’»)\]]*$))(?=[\s\"'”’»)\]]|$)|([。、，；：！？—]+))", re.DOTALL)
"""A clause and its mark. A full stop counts only at the end: within a sentence it belongs to an abbreviation."""

_MARKS = dict(zip("…–—。、，；：！？", ".;;.,,;:!?", strict=True))
"""The marks that Piper's voices know, for those of other scripts."""

_LANGUAGE_SWITCH = re.compile(r"\([a-z][a-z-]*\)")
"""What it prints before and behind a word of another language, as in ``(en)``."""

_LOST = {"??": "ʊɐ"}
"""What version 1.51 prints for a diphthong, as in German ``durch``, and what later ones do."""


class EspeakPhonemes:
    """Phonemes of one espeak-ng voice, such as ``en-us``."""

    def __init__(self, voice: str) -> None:
        path = program()
        if path is None:
            raise BackendUnavailable(f"espeak-ng, which gives the phonemes, is not installed; run: {INSTALL}")
        self._command = [path, "-q", "--ipa", "-b", "1", "-v", voice]
        try:
            self("a")
        except BackendError as exc:
            raise BackendUnavailable(f"{exc}; it may be too old for this voice, run: {INSTALL}") from exc

    def __call__(self, text: str) -> str:
        """Return the phonemes of a sentence, with stress and punctuation, decomposed (NFD).

        Raises:
            BackendError: the program could not be run.
        """
        parts = [(clause, mark) for clause, mark in clauses(plain(text)) if pronounceable(clause)]
        given = "".join(f"{clause}\n\n" for clause, _ in parts)
        try:
            done = subprocess.run(self._command, input=given.encode(), capture_output=True, check=True)
        except (OSError, subprocess.SubprocessError) as exc:
            raise BackendError(f"{NAME} gave no phonemes ({exc})") from exc
        said = _LANGUAGE_SWITCH.sub("", done.stdout.decode(errors="replace"))
        for wrong, right in _LOST.items():
            said = said.replace(wrong, right)
        spoken = [
            ", ".join(line.strip() for line in block.splitlines()) for block in said.split("\n\n") if block.strip()
        ]
        marks = [mark for _, mark in parts] if len(spoken) == len(parts) else [""] * len(spoken)
        joined = " ".join(phonemes + mark for phonemes, mark in zip(spoken, marks, strict=True))
        return unicodedata.normalize("NFD", joined)


def clauses(text: str) -> list[tuple[str, str]]:
    """Return the clauses of a sentence, each with the mark behind it; the last may have none.

    A mark counts where no letter follows: ``3,14`` and ``a:b`` are not cut.
    """
    text = " ".join(text.split())
    found, end = [], 0
    for match in _CLAUSE.finditer(text):
        mark = (match[2] or match[3])[0]
        found.append((match[1].strip(), _MARKS.get(mark, mark)))
        end = match.end()
    rest = text[end:].strip()
    return [*found, (rest, "")] if rest else found
