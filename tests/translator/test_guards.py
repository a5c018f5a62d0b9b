"""Guards: what must not be spoken is noticed."""

import pytest

from voicectl.actors.translator import guards


@pytest.mark.parametrize(
    ("output", "sound"),
    [
        ("テストは合格しました。", True),
        ("", False),
        ("  ", False),
        ("彼は ⁇ をやった。", False),
        ("その他のその他のその他の権限", False),
        ("ですですですです", False),
        ("少しずつ、少しずつ進む。", True),
        ("あ" * 2 + "いろはにほへと" * 1 + "".join(chr(0x4E00 + n) for n in range(300)), False),
    ],
)
def test_an_output_is_sound_unless_empty_unknown_looping_or_far_too_long(output: str, sound: bool) -> None:
    """Each alarm by itself makes an output unsound."""
    assert guards.is_sound("The tests passed.", output) is sound


def test_a_source_that_repeats_itself_may_be_translated_so() -> None:
    """A loop is only an alarm where the source has none."""
    assert guards.is_sound("no no no no no no", "いいえいいえいいえいいえ")


def test_cleaning_removes_what_no_process_should_be_given() -> None:
    """Control characters, lone surrogates and invisible marks go, letters stay."""
    assert guards.clean("a\x00b\x07 \ud800 c\u200b\n d") == "a b c d"


def test_pictures_are_taken_out_before_translation() -> None:
    """Emoji with their variation selectors go, mathematical signs stay."""
    assert guards.without_symbols("Done! 🎉 ⚠️ 1 + 1") == "Done! 1 + 1"


def test_only_text_with_a_letter_has_words() -> None:
    """Numbers, dashes and emoji need no translation."""
    assert [guards.has_words(text) for text in ("", "42 %", "🎉", "—", "a", "日")] == [False] * 4 + [True] * 2
