"""Guards: what must not be spoken is noticed."""

import pytest

from voicectl.actors.translator import guards

SOURCE = "The first 3 tests passed on my machine yesterday evening."
GOOD = "最初の3つのテストは昨日の夜に私のマシンで合格しました。"


@pytest.mark.parametrize(
    ("output", "alarm"),
    [
        (GOOD, ""),
        ("最初の３つのテストは昨日の夜に私のマシンで合格しました。", ""),
        ("", "empty"),
        (" 。", "empty"),
        ("3 ⁇ テストは昨日の夜に私のマシンで合格しました。", "unknown piece"),
        ("3つの<unk>テストは昨日の夜に私のマシンで合格しました。", "unknown piece"),
        ("3つのその他のその他のその他の権限", "looping"),
        ("3ですですですです", "looping"),
        ("3" + "".join(chr(0x3041 + n % 80) + chr(0x4E00 + n) for n in range(200)), "too long"),
        ("The first 3 tests passed.", "wrong script"),
        ("我的机器上的前3个测试昨天晚上通过了测试", "wrong script"),
        ("Первые 3 теста прошли вчера вечером на моей машине.", "wrong script"),
        ("3つのテスト。", "truncated"),
        ("最初の3つのテストは昨日の夜に私のマシンで、", "truncated"),
        ("最初のテストは昨日の夜に私のマシンで合格しました。", "missing number"),
        ("最初の13のテストは昨日の夜に私のマシンで合格しました。", "missing number"),
    ],
)
def test_each_guard_gives_its_own_alarm(output: str, alarm: str) -> None:
    """A good translation raises none."""
    assert guards.alarm(SOURCE, output, "jpn_Jpan") == alarm


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("no no no no no no", "いいえいいえいいえいいえ"),
        ("Step by step.", "少しずつ、少しずつ。"),
        ("Two, three, four.", "2、3、4。"),
        ("OK, GitHub.", "GitHub."),
        ("It costs 1,000 yen a day.", "1日1000円です。"),
        ("Create Work Pack", "作業登録"),
    ],
)
def test_what_is_right_raises_no_alarm(source: str, output: str) -> None:
    """Repeats of the source, digits alone, names, other separators, short titles without kana."""
    assert guards.alarm(source, output, "jpn_Jpan") == ""


@pytest.mark.parametrize(
    ("target", "output", "alarm"),
    [
        ("deu_Latn", "Die ersten 3 Tests liefen gestern Abend auf meinem Rechner.", ""),
        ("deu_Latn", "Die 3 Tests.", "truncated"),
        ("deu_Latn", GOOD, "wrong script"),
        ("rus_Cyrl", "Первые 3 теста прошли вчера вечером на моей машине.", ""),
        ("rus_Cyrl", SOURCE, "wrong script"),
        ("zho_Hans", "前3个测试昨天晚上在我的机器上通过了。", ""),
    ],
)
def test_the_script_is_that_of_the_target(target: str, output: str, alarm: str) -> None:
    """And alphabets need more letters than kanji for the same."""
    assert guards.alarm(SOURCE, output, target) == alarm


def test_a_repeated_number_must_come_as_often() -> None:
    """Twenty-five that appear twice are two."""
    assert guards.alarm("25 is 25", "25です", "jpn_Jpan") == "missing number"


def test_cleaning_removes_what_no_process_should_be_given() -> None:
    """Control characters, lone surrogates and invisible marks go, letters stay."""
    assert guards.clean("a\x00b\x07 \ud800 c\u200b\n d") == "a b c d"


def test_pictures_are_taken_out_before_translation() -> None:
    """Emoji with their variation selectors go, mathematical signs stay."""
    assert guards.without_symbols("Done! 🎉 ⚠️ 1 + 1") == "Done! 1 + 1"


def test_only_text_with_a_letter_has_words() -> None:
    """Numbers, dashes and emoji need no translation."""
    assert [guards.has_words(text) for text in ("", "42 %", "🎉", "—", "a", "日")] == [False] * 4 + [True] * 2
