"""Cleaning: one style of Japanese, placeholders for code, nothing that must not be trained on."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_corpus import write_lines
from train_starter.prepare import read_corpus
from train_starter.sources import SOURCES, require_free

from train_starter import clean
from voicectl.protocol.errors import UsageError


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("メタデータ トークン", "メタデータトークン"),
        ("Python の リスト を sort します。", "Pythonのリストをsortします。"),
        ("ｶﾀｶﾅ｡ ＡＢＣ１２", "カタカナ。ABC12"),
        ("ユーザとサーバのフォルダ", "ユーザーとサーバーのフォルダー"),
        ("ユーザー、サーバーレス、ユーザビリティ", "ユーザー、サーバーレス、ユーザビリティ"),
        ("はい，そうです．", "はい、そうです。"),
    ],
)
def test_japanese_has_one_style(raw: str, expected: str) -> None:
    """No blanks between scripts, full and half width where they belong, long vowels at the ends of loanwords."""
    assert clean.clean_japanese(raw) == expected


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """Whatever the text is."""
    once = clean.clean_japanese(text)
    assert clean.clean_japanese(once) == once


def test_code_becomes_placeholders_in_the_order_of_the_english() -> None:
    """The same piece of code has the same number on both sides."""
    assert clean.pair("Run `a` and `b`, then `a`.", "`b` と `a` を実行し、`a` を見る。") == (
        "Run ⟦0⟧ and ⟦1⟧, then ⟦0⟧.",
        "⟦1⟧と⟦0⟧を実行し、⟦0⟧を見る。",
    )


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        ("Run `a`.", "実行します。"),
        ("Run it.", "`a` を実行します。"),
        ("Run `a`.", "`b` を実行します。"),
        ("⟦0⟧ is a bracket.", "括弧です。"),
        (" ".join(f"`{number}`" for number in range(9)), "".join(f"`{number}`" for number in range(9))),
    ],
)
def test_pairs_that_would_teach_to_lose_code_are_left_out(english: str, japanese: str) -> None:
    """Code that is missing or invented, a placeholder in the text itself, more code than there are placeholders."""
    assert clean.pair(english, japanese) is None


def test_brackets_around_labels_go() -> None:
    """Microsoft writes them in Japanese only; where the English has brackets, they mean something."""
    assert clean.pair("Choose OK now.", "[OK] を選びます。") == ("Choose OK now.", "OKを選びます。")
    assert clean.pair("An array [1].", "配列[1]。") == ("An array [1].", "配列[1]。")


def test_titles_repeats_and_dev_sets_are_not_trained_on(corpus: Path) -> None:
    """But a register file counts as it is, except for the lines that are kept to measure with."""
    rows = [
        ("Command line options", "コマンドラインオプション"),
        ("The TESTS passed.", "テストは通りました。"),
        ("The build passed.", "ビルドは合格しました。"),
        ("A new sentence is here.", "新しい文があります。"),
    ]
    write_lines(corpus / "train" / "rust_book.tsv.xz", rows)
    write_lines(corpus / "train" / "register_extra.tsv.xz", [(f"Note {n}", f"メモ{n}") for n in range(6)])
    pairs, counts = read_corpus(corpus)
    assert counts == {"python_docs": 8, "rust_book": 1, "register_a": 2, "register_extra": 4}
    assert "A new sentence is here." in {pair.english for pair in pairs}
    notes = {pair.english for pair in pairs if pair.english.startswith("Note")}
    assert notes == {"Note 1", "Note 2", "Note 4", "Note 5"}


def test_no_source_forbids_shipping_the_weights() -> None:
    """A file with a non-commercial, copyleft or share-alike licence is refused by its name."""
    for source in SOURCES:
        require_free(source.name)
    for name in ("sap_softdoc_dev_en-ja_NC", "emacs_docs", "ansible_docs", "rails_guides"):
        with pytest.raises(UsageError, match="licence"):
            require_free(name)


def test_a_folder_without_a_corpus_is_named(tmp_path: Path) -> None:
    """And how to name another."""
    with pytest.raises(UsageError, match=r"CORPUS="):
        read_corpus(tmp_path)
