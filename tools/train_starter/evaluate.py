"""How good the translations are: ``python -m train_starter.evaluate CORPUS [--backend NAME]`` prints a table.

Every sentence goes through ``voicectl translate``, one at a time, as a user's does. chrF++ and BLEU are sacrebleu's;
BLEU cuts Japanese into words with MeCab where that is installed, else into characters.
"""

import argparse
import itertools
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from train_starter.prepare import dev_files, read_pairs
from train_starter.sources import HELD_OUT, REGISTER, is_held_out
from voicectl.actors.parser import spans
from voicectl.protocol.errors import BackendError, VoicectlError

_CODE = re.compile(r"`([^`]+)`")
_POLITE = re.compile(
    r"(です|でしょう|ます|ました|ません|ませんでした|でした|ましょう|ください|下さい|ございます)(か|ね|よ|よね|が|けど)?[。！？!?.」）]*$"
)
_VERBAL = re.compile(r"[。！？!?]$")


class Scores(NamedTuple):
    """What one backend does with one set.

    ``chrf`` and ``bleu`` go from 0 to 100. ``identifiers`` (kept, of all in the source), ``polite`` (of the outputs
    that are sentences) and ``original`` (of all outputs) are shares from 0 to 1, NaN of nothing. ``ms`` is the median
    for one sentence.
    """

    name: str
    backend: str
    lines: int
    chrf: float
    bleu: float
    identifiers: float
    polite: float
    original: float
    ms: float


class Output(NamedTuple):
    """One translation, whether it is the source text, and how many milliseconds it took."""

    text: str
    is_original: bool
    ms: float


def sets(corpus: Path, lines: int, own: Path | None = None) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the name and the first ``lines`` pairs of every dev set, and the held-out lines of the register."""
    for path in dev_files(corpus, own):
        rows = [line.split("\t")[:2] for line in path.read_text(encoding="utf-8").splitlines()]
        yield path.stem, [(row[0], row[1]) for row in rows if len(row) == 2][:lines]
    kept = [pair for number, pair in enumerate(read_pairs(corpus, HELD_OUT)) if is_held_out(HELD_OUT, number)]
    if kept:
        yield f"{HELD_OUT}, held out", kept[:lines]


def translate(english: Sequence[str], backend: str, environ: Mapping[str, str] | None = None) -> list[Output]:
    """Return what ``voicectl translate`` makes of each line, with none of the user's own settings.

    Args:
        english: the lines.
        backend: as ``--backend`` takes it.
        environ: settings as environment variables, such as ``VOICECTL_TRANSLATOR__MODEL``.

    Raises:
        BackendError: it failed.
    """
    command = [sys.executable, "-P", "-c", "from voicectl.cli import main; main()", "translate", "--json"]
    own = {key: value for key, value in os.environ.items() if not key.startswith("VOICECTL_")}
    with tempfile.TemporaryDirectory() as nothing:
        done = subprocess.run(
            [*command, "--from", "en", "--to", "ja", "--backend", backend],
            input="\n".join(english) + "\n",
            env={**own, "XDG_CONFIG_HOME": nothing, **(environ or {})},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(rows) != len(english):
        raise BackendError(done.stderr.strip().rpartition("\n")[2] or f"{backend} gave {len(rows)} translations")
    return [Output(row["translation"], "original" in row["notes"], row["ms"]) for row in rows]


def score(name: str, backend: str, pairs: Sequence[tuple[str, str]], outputs: Sequence[Output]) -> Scores:
    """Return the scores of one set; backticks count neither in the outputs nor in the references."""
    from sacrebleu.metrics import BLEU, CHRF

    texts = [_plain(output.text) for output in outputs]
    references = [[_plain(japanese) for _, japanese in pairs]]
    wanted = [identifiers(english) for english, _ in pairs]
    kept = [span in text for spans_, text in zip(wanted, texts, strict=True) for span in spans_]
    verbal = [text for text in texts if _VERBAL.search(text)]
    return Scores(
        name,
        backend,
        len(pairs),
        round(CHRF(word_order=2).corpus_score(texts, references).score, 1),
        round(BLEU(tokenize=bleu_tokens()).corpus_score(texts, references).score, 1),
        share(kept),
        share([bool(_POLITE.search(text)) for text in verbal]),
        share([output.is_original for output in outputs]),
        round(statistics.median(output.ms for output in outputs), 1),
    )


def identifiers(english: str) -> list[str]:
    """Return what of a line must come through verbatim: inline code, and what the parser takes for code, once each."""
    rest = _CODE.sub(" ", english)
    return list(dict.fromkeys([*_CODE.findall(english), *(rest[begin:end] for begin, end, _ in spans.find(rest))]))


def share(hits: Sequence[bool]) -> float:
    """Return which part of the hits is true, NaN where there are none."""
    return round(sum(hits) / len(hits), 4) if hits else math.nan


def bleu_tokens() -> str:
    """Return how BLEU cuts Japanese here."""
    return "ja-mecab" if find_spec("MeCab") and find_spec("ipadic") else "char"


def table(scores: Sequence[Scores]) -> str:
    """Return scores as a table in Markdown."""
    columns = f"set | backend | lines | chrF++ | BLEU ({bleu_tokens()}) | identifiers | polite | left in English | ms"
    lines = [
        f"| {columns} |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in scores:
        parts = (each.identifiers, each.polite, each.original)
        shares = " | ".join("–" if math.isnan(part) else f"{100 * part:.1f} %" for part in parts)
        lines.append(
            f"| {each.name} | {each.backend} | {each.lines} | {each.chrf} | {each.bleu} | {shares} | {each.ms} |"
        )
    return "\n".join(lines)


def evaluate(
    corpus: Path, backend: str, lines: int, environ: Mapping[str, str] | None = None, own: Path | None = REGISTER
) -> list[Scores]:
    """Return the scores of one backend on every set of a corpus.

    Raises:
        BackendError: the backend failed.
    """
    named = list(sets(corpus, lines, own))
    english = [_one_line(pair[0]) for _, pairs in named for pair in pairs]
    outputs = iter(translate(english, backend, environ))
    return [score(name, backend, pairs, list(itertools.islice(outputs, len(pairs)))) for name, pairs in named]


def _plain(text: str) -> str:
    return text.replace("`", "")


def _one_line(text: str) -> str:
    """Return text that is one line for every reader of lines; an empty one would be none."""
    return " ".join(text.split()) or "."


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and return the exit status: 1 if a backend failed."""
    parser = argparse.ArgumentParser(prog="train_starter.evaluate", description=main.__doc__)
    parser.add_argument("corpus", type=Path, help="has dev/NAME.tsv: English, tab, Japanese")
    parser.add_argument("--backend", action="append", help="a backend of voicectl translate; may be repeated")
    parser.add_argument("--lines", type=int, default=300, help="of each set, from its beginning")
    options: Any = parser.parse_args(arguments)
    if not (options.corpus / "dev").is_dir():
        print(f"nothing to evaluate: {options.corpus} has no dev sets; name a corpus: make eval CORPUS=...")
        return 0
    scores, failed = [], 0
    for backend in options.backend or ["starter"]:
        try:
            scores += evaluate(options.corpus, backend, options.lines)
        except VoicectlError as exc:
            failed = 1
            print(f"{backend}: {exc}", file=sys.stderr)
    print(table(scores))
    return failed


if __name__ == "__main__":
    sys.exit(main())
