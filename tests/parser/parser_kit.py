"""What the parser's tests share: settings, short ways to run a parser, the places of the recordings."""

import tomllib
import unicodedata
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from voicectl.actors.parser.reader import FeedParser, Item, Spoken
from voicectl.config.settings import ParserSettings

OWN = Path(__file__).parents[1] / "data" / "recordings"
SHARED = Path(__file__).parents[2].parent / "shared" / "recordings"


def settings(**options: Any) -> ParserSettings:
    """Return the packaged parser settings with some of them changed."""
    packaged = tomllib.loads(resources.files("voicectl.config").joinpath("default.toml").read_text("utf-8"))
    return msgspec.convert({**packaged["parser"], **options}, ParserSettings)


def parse(data: bytes | str, format: str = "markdown", **options: Any) -> list[Item]:
    """Return the items of a whole input."""
    parser = FeedParser(settings(**options), format)
    return parser.feed(data.encode() if isinstance(data, str) else data) + parser.finish()


def texts(items: list[Item]) -> list[str]:
    """Return the words of the sentences among items."""
    return [item.text for item in items if isinstance(item, Spoken)]


def said(source: str, format: str = "markdown", **options: Any) -> list[str]:
    """Return the sentences of a text."""
    return texts(parse(source, format, **options))


def gold(recording: Path) -> list[str]:
    """Return the lines a listener should hear, from the text beside a recording."""
    path = recording.with_suffix(".spoken.txt")
    if not path.exists():
        path = recording.with_name(recording.name.split(".")[0] + ".spoken.txt")
    if not path.exists():  # an older client's recording has the gold of the scenario
        path = recording.parents[2] / path.name
    return [comparable(line) for line in path.read_text(encoding="utf-8").splitlines()]


def comparable(line: str) -> str:
    """Return a line as the gold text is compared: NFC, without a final full stop."""
    line = unicodedata.normalize("NFC", line)
    return line[:-1] if line.endswith(".") and not line.endswith("..") else line
