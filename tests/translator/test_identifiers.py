"""Survival: every protected span of 330 hard sentences comes out verbatim, whatever the model does."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from fakes import GARBLES, Garbage

from voicectl.actors.translator import guarded
from voicectl.actors.translator.backend import Result, Source
from voicectl.actors.translator.ctranslate2 import CTranslate2Backend
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models.store import STARTER
from voicectl.protocol.message import Span


class Hard(NamedTuple):
    """A sentence and its protected spans, each as often as it stands there."""

    text: str
    spans: tuple[str, ...]


LINES = (Path(__file__).parents[1] / "data" / "identifiers.tsv").read_text(encoding="utf-8").splitlines()
HARD = [Hard(line.split("\t")[0], tuple(line.split("\t")[1:])) for line in LINES]


def _lost(results: list[Result]) -> list[tuple[str, str, str]]:
    """Return (span, sentence, output) for each span that is not in its output as often as in its sentence."""
    return [
        (span, hard.text, result.text)
        for hard, result in zip(HARD, results, strict=True)
        for span in set(hard.spans)
        if result.text.count(span) < hard.spans.count(span)
    ]


def _marked(hard: Hard) -> Source:
    return Source(hard.text, tuple(Span(kind="code", text=span) for span in hard.spans))


def test_the_set_is_what_it_says() -> None:
    """More than 300 different sentences, and each really has its spans."""
    assert len({hard.text for hard in HARD}) == len(HARD) >= 300
    assert all(hard.text.count(span) >= hard.spans.count(span) for hard in HARD for span in hard.spans)


def test_all_survive_the_starter(
    settings: Callable[..., TranslatorSettings], english_to_japanese: LanguageSettings
) -> None:
    """With nothing marked beforehand, as a line of ``voicectl translate``; and nearly all are in Japanese."""
    starter = CTranslate2Backend(STARTER, settings(), english_to_japanese)
    results = [starter.translate([Source(hard.text)])[0] for hard in HARD]
    starter.close()
    assert _lost(results) == []
    assert sum("original" in result.notes for result in results) < len(HARD) / 10


@pytest.mark.parametrize(("marked", "target"), [(True, "jpn_Jpan"), (False, "jpn_Jpan"), (False, "deu_Latn")])
@pytest.mark.parametrize("placeholders", [0, 6, 1000])
@pytest.mark.parametrize("garble", GARBLES.values(), ids=GARBLES)
def test_all_survive_a_model_that_talks_rubbish(garble, placeholders: int, marked: bool, target: str) -> None:
    """Words shuffled, dropped, doubled or altered; marked by the parser or found; few placeholders, many or none."""
    decoder = Garbage(garble, placeholders)
    sources = [_marked(hard) if marked else Source(hard.text) for hard in HARD]
    results = guarded.translate(decoder, sources, source="eng_Latn", target=target, clock=lambda: 0.0)
    assert decoder.decoded > 300
    assert _lost(results) == []
    assert not any("⟦" in result.text for result in results)


def test_spans_come_in_the_order_of_the_source_where_the_sentence_was_cut_at_them() -> None:
    """A model without placeholders that loses everything: the pieces between are translated, each span in its place."""
    text = "Open config.yaml and look for parse_args."
    decoder = Garbage(lambda *_: "何か", 0)
    [result] = guarded.translate(decoder, [Source(text)], source="eng_Latn", target="jpn_Jpan")
    assert result.text == "これは何かですconfig.yamlこれは何かですparse_args。"
    assert result.notes == ("lost span", "rejoined")
