"""The model card, written from what the run noted: nothing in it is filled in by hand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sentencepiece import SentencePieceProcessor

from train_starter.evaluate import Scores, table
from train_starter.sources import SOURCES
from train_starter.tokens import placeholders
from train_starter.train import Outcome

_TEXT = """\
# Starter translator, English → Japanese ({date})

M2M100 in NLLB's shape: {encoder} encoder and {decoder} decoder layers, width {width}, feed-forward {feed_forward},
{heads} heads, {pieces} joint sentencepiece BPE pieces, {millions:.1f} M parameters. Trained {origin} by
`make starter`: {steps} steps, {seen} pairs seen in {minutes:.0f} minutes on {device}; loss at the end {loss:.2f}.
Nobody else's weights were used.

**It is rough**: a small model that ships so that the pipeline speaks Japanese without a download. Use NLLB for anything
that matters.

## Quality

One sentence at a time through `voicectl translate`, the first lines of each set; `ms` is the median on the machine that
it was trained on.

{table}

## Files

CTranslate2 int8 with its tokenizer. Source tokens: `eng_Latn`, the pieces of `sentencepiece.bpe.model`, `</s>`; target
prefix `jpn_Jpan`; drop the first token of the hypothesis. The pieces `⟦0⟧` … `⟦{last}⟧` stand for inline code,
numbered by first appearance in the source; the model was trained to carry them over. What it does not know becomes `⁇`.

## What it learned from

Cleaned pairs, without the dev sets; the authors are in THIRD_PARTY.md. Nothing under a non-commercial, copyleft or
share-alike licence.

| source | pairs | licence |
|---|---|---|
{sources}
"""


def card(
    outcome: Outcome,
    pieces: SentencePieceProcessor,
    counts: Mapping[str, int],
    scores: Sequence[Scores],
    origin: str,
) -> str:
    """Return the card in Markdown.

    Args:
        outcome: what the training came to.
        pieces: the joint vocabulary.
        counts: how many pairs each source gave.
        scores: those of the model that ships.
        origin: what it began with.
    """
    used = [source for source in SOURCES if source.name in counts]
    return _TEXT.format(
        **outcome.shape._asdict(),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        pieces=pieces.get_piece_size(),
        origin=origin,
        millions=outcome.parameters / 1e6,
        steps=outcome.steps,
        seen=outcome.pairs,
        minutes=outcome.seconds / 60,
        device="a GPU" if outcome.device == "cuda" else "a CPU (no GPU was at hand; on one, the model is larger)",
        loss=outcome.loss,
        last=len(placeholders(pieces)) - 1,
        table=table(scores),
        sources="\n".join(f"| {each.title} | {counts[each.name]} | {each.licence} |" for each in used),
    )
