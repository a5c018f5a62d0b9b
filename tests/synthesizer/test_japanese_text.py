"""Text is made safe for Open JTalk without losing a word."""

from hypothesis import given
from hypothesis import strategies as st

from voicectl.actors.synthesizer.japanese_text import segments


def test_a_short_text_stays_one_segment():
    """Commas alone are no reason to part it."""
    assert list(segments("はい、そうです。")) == ["はい、そうです。"]


def test_a_long_text_is_parted_at_sentence_ends():
    """Each segment ends with a full stop, and together they are the text."""
    text = "設定を確認してから、もう一度実行しました。" * 20
    found = list(segments(text))
    assert "".join(found) == text
    assert all(segment.endswith("。") and len(segment) <= 120 for segment in found)


def test_a_long_text_without_sentence_ends_is_parted_at_commas():
    """The next best place is a pause."""
    assert all(segment.endswith("、") for segment in segments("設定を確認してから、" * 40))


@given(st.text(alphabet="あいうえおかきくけこ漢字、。 abc", max_size=600))
def test_nothing_but_repeats_is_lost(text):
    """Apart from runs of more than eight, the segments are the text."""
    joined = "".join(segments(text))
    assert joined == text.strip() or len(joined) < len(text.strip())
    assert set(joined) - {" "} == set(text) - {" "}


def test_repeats_are_cut_but_numbers_are_not():
    """A thousand is not a hundred."""
    assert "".join(segments("A" * 300)) == "A" * 8
    assert "".join(segments("はい" * 50)) == "はい" * 8
    assert "".join(segments("1" * 30)) == "1" * 30


def test_accents_and_control_characters_go_and_voiced_kana_stay():
    """Open JTalk is silent on é, but が is not か with an accent."""
    assert "".join(segments("café\x07が\u3099パ")) == "cafe が\u3099パ"
    assert "".join(segments("か\u3099ﾊﾟ")) == "がパ"
