"""From the corpus to the model that ships: ``python -m train_starter CORPUS [--minutes N]``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sentencepiece
import torch

from train_starter.card import card
from train_starter.evaluate import evaluate, table
from train_starter.export import convert, record
from train_starter.prepare import ARRAYS, prepare
from train_starter.sources import REGISTER
from train_starter.tokens import SPM
from train_starter.train import LARGE, RATE, SMALL, Outcome, Plan, Shape, Trainer, shape_of
from voicectl.models.store import STARTER
from voicectl.protocol.errors import VoicectlError

_COUNTS = "counts.json"
_MANIFEST = STARTER.parent / "manifest.toml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every stage and return the exit status."""
    options = _parse(arguments)
    on_gpu = torch.cuda.is_available()
    plan = Plan(options.minutes, options.steps, options.tokens or (32_000 if on_gpu else 8000), options.rate)
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        counts = _prepare(options)
        trainer = Trainer(options.work, _shape(options, on_gpu), plan, "cuda" if on_gpu else "cpu", options.begin)
        outcome = trainer.run()
        trainer.write()
        convert(options.work, options.into)
        _finish(options, outcome, counts)
    except VoicectlError as exc:
        print(f"train_starter: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"train_starter: stopped; the same command goes on from {options.work}", file=sys.stderr)
        return 130
    return 0


def _shape(options: Any, on_gpu: bool) -> Shape:
    """Return the shape that is asked for, else that of the model to begin with, else what the machine can train."""
    if options.shape:
        return Shape(*map(int, options.shape.split(",")))
    if options.begin:
        return shape_of(options.begin)
    return LARGE if on_gpu else SMALL


def _prepare(options: Any) -> dict[str, int]:
    """Prepare the corpus, unless an earlier run has, and return how many pairs each source gave."""
    work: Path = options.work
    if not ((work / ARRAYS).is_file() and (work / _COUNTS).is_file()):
        counts = prepare(options.corpus, work, options.begin or options.vocabulary, options.register)
        (work / _COUNTS).write_text(json.dumps(counts), encoding="utf-8")
    counted: dict[str, int] = json.loads((work / _COUNTS).read_text(encoding="utf-8"))
    print(f"{sum(counted.values())} pairs: {counted}", flush=True)
    return counted


def _finish(options: Any, outcome: Outcome, counts: dict[str, int]) -> None:
    """Measure what was written, say what it is in its card, and take it up in the manifest if it is the one there."""
    is_starter = options.into.resolve() == STARTER
    own = {} if is_starter else {"VOICECTL_TRANSLATOR__MODEL": str(options.into.resolve())}
    scores = evaluate(options.corpus, "starter" if is_starter else "ctranslate2", options.lines, own, options.register)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(options.into / SPM))
    origin = "on from the weights and with the vocabulary of an earlier starter" if options.begin else "from scratch"
    (options.into / "CARD.md").write_text(card(outcome, pieces, counts, scores, origin), encoding="utf-8")
    if is_starter:
        record(options.into, _MANIFEST)
    print(table(scores))


def _parse(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="train_starter", description=__doc__)
    parser.add_argument("corpus", type=Path, help="has train/NAME.tsv.xz and dev/NAME.tsv")
    parser.add_argument("--work", type=Path, default=Path("build/starter"), help="where everything on the way is kept")
    parser.add_argument("--into", type=Path, default=STARTER, help="where the model that ships goes")
    parser.add_argument("--minutes", type=float, default=20, help="of training, all runs together")
    parser.add_argument("--steps", type=int, default=0, help="end earlier, after so many steps")
    parser.add_argument("--vocabulary", type=int, default=16_000, help="pieces")
    parser.add_argument("--begin", type=Path, help="a model in NLLB's file form to begin with, and its vocabulary")
    parser.add_argument("--rate", type=float, default=RATE, help="the highest learning rate")
    parser.add_argument("--register", type=Path, default=REGISTER, help="the project's own sentences, NAME.tsv")
    parser.add_argument("--shape", help="width, feed-forward, encoder and decoder layers, heads: 512,1536,6,2,8")
    parser.add_argument("--tokens", type=int, default=0, help="of a batch, with padding")
    parser.add_argument("--lines", type=int, default=300, help="of each dev set")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
