"""The table of ``make eval``: what counts as kept, as polite, as translated."""

from pathlib import Path

import pytest
from tiny_corpus import write_lines
from train_starter.evaluate import Output, identifiers, score, sets, translate

from train_starter import evaluate
from voicectl.protocol.errors import BackendError


def test_a_perfect_translation_has_perfect_scores() -> None:
    """Backticks make no difference."""
    pytest.importorskip("sacrebleu", reason="needs sacrebleu")
    pairs = [
        ("I fixed `auth.py` today.", "今日 は `auth.py` を よく 直しました。"),
        ("Done.", "合格しました。"),
    ]
    outputs = [Output("今日 は auth.py を よく 直しました。", False, 10.0), Output("合格しました。", False, 30.0)]
    scores = score("dev", "starter", pairs, outputs)
    assert (scores.chrf, scores.bleu, scores.identifiers, scores.polite, scores.original) == (100, 100, 1, 1, 0)
    assert (scores.lines, scores.ms) == (2, 20.0)


def test_what_is_lost_rude_or_left_in_english_counts() -> None:
    """Each as a share; a title is neither polite nor rude."""
    pytest.importorskip("sacrebleu", reason="needs sacrebleu")
    pairs = [
        ("Run `a_b` or `c_d`.", "`a_b`か`c_d`を実行します。"),
        ("It works.", "動きます。"),
        ("Options", "オプション"),
    ]
    outputs = [Output("a_bを実行する。", False, 1.0), Output("動きますね。", False, 1.0), Output("Options", True, 1.0)]
    scores = score("dev", "starter", pairs, outputs)
    assert (scores.identifiers, scores.polite, scores.original) == (0.5, 0.5, 0.3333)


def test_identifiers_are_found_with_and_without_backticks() -> None:
    """As the parser finds them; each once."""
    assert identifiers("Open `a b`, src/main.rs and user_id; then `a b` with --force.") == [
        "a b",
        "src/main.rs",
        "user_id",
        "--force",
    ]


def test_the_held_out_register_is_a_set(corpus: Path, tmp_path: Path) -> None:
    """Beside the files of dev sets, the corpus's and the project's own, of which the first lines are taken."""
    write_lines(corpus / "dev" / "more.tsv", [("One.", "一。"), ("Two.", "二。"), ("Three.", "三。")])
    write_lines(corpus / "train" / "register_extra.tsv.xz", [(f"Note {n}", f"メモ{n}") for n in range(6)])
    own = tmp_path / "own"
    write_lines(own / "dev" / "spoken.tsv", [("It works.", "動きます。")])
    found = dict(sets(corpus, 2, own))
    assert found["more"] == [("One.", "一。"), ("Two.", "二。")]
    assert found["spoken"] == [("It works.", "動きます。")]
    assert found["register_extra, held out"] == [("Note 0", "メモ0"), ("Note 3", "メモ3")]


def test_translations_come_from_the_command_that_users_have() -> None:
    """One for each line, with its time."""
    outputs = translate(["The tests passed.", "Hello."], "none")
    assert [(output.text, output.is_original) for output in outputs] == [("The tests passed.", True), ("Hello.", True)]
    with pytest.raises(BackendError, match="nobody"):
        translate(["Hello."], "nobody")


def test_without_a_corpus_there_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And no error: make eval runs everywhere."""
    assert evaluate.main([str(tmp_path / "nowhere")]) == 0
    assert "CORPUS=" in capsys.readouterr().out
