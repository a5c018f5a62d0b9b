"""The phonemes of espeak-ng, with the punctuation that it leaves out."""

import shutil
import unicodedata

import pytest

from voicectl.actors.synthesizer.espeak.phonemes import EspeakPhonemes, clauses
from voicectl.protocol.errors import BackendUnavailable

needs_program = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.fixture(scope="module")
def english():
    """Return what makes English phonemes."""
    return EspeakPhonemes("en-us")


@needs_program
def test_every_clause_keeps_its_mark(english):
    """One run of the program for all of them."""
    assert english("Hello, world: see you; really?") == "həlˈoʊ, wˈɜːld: sˈiː juː; ɹˈiəli?"


@needs_program
def test_a_break_that_the_program_makes_itself_is_a_comma(english):
    """As after a full stop within the sentence."""
    assert english("done. Yes!") == "dˈʌn, jˈɛs!"


@needs_program
def test_no_phoneme_is_lost():
    """Version 1.51 prints question marks for the diphthong of these words."""
    assert EspeakPhonemes("de")("durch wurde").count("ʊɐ") == 2


@needs_program
def test_two_opening_brackets_are_no_phonemes(english):
    """``[[ -f x ]]`` is shell, not espeak-ng's phoneme notation."""
    assert english("a [[ hello ]]") == english("a [ [ hello ]]")


@needs_program
def test_a_line_feed_ends_no_clause(english):
    """It would shift the marks of all that follow."""
    assert english("one\n\ntwo, three.") == english("one two, three.")


@needs_program
def test_words_of_another_language_leave_no_marks():
    """The program says ``(en)`` before one and ``(fr)`` behind it."""
    assert "(" not in EspeakPhonemes("fr")("Le weekend du manager, okay.")


@needs_program
def test_phonemes_are_decomposed():
    """A voice knows ``ã`` as two characters."""
    said = EspeakPhonemes("fr")("un bon vin blanc.")
    assert unicodedata.is_normalized("NFD", said)
    assert "\u0303" in said


@needs_program
def test_symbols_alone_have_no_phonemes(english):
    """Nor has nothing."""
    assert english("— … !") == english("") == ""


@needs_program
def test_an_unknown_voice_is_refused():
    """Before the first sentence."""
    with pytest.raises(BackendUnavailable, match="espeak-ng gave no phonemes"):
        EspeakPhonemes("nobody")


def test_a_missing_program_says_how_to_get_it(monkeypatch, tmp_path):
    """The line can be copied into a shell."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendUnavailable, match="install espeak-ng"):
        EspeakPhonemes("en-us")


def test_marks_inside_words_and_numbers_cut_nothing():
    """Nor do full stops before the end."""
    assert clauses("See auth.py, 3.14 and e.g. a:b.") == [("See auth.py", ","), ("3.14 and e.g. a:b", ".")]
    assert clauses('He said "stop!"') == [('He said "stop', "!"), ('"', "")]
    assert clauses("你好，世界。") == [("你好", ","), ("世界", ".")]
    assert clauses("done — yes") == [("done", ";"), ("yes", "")]
    assert clauses("no mark") == [("no mark", "")]
