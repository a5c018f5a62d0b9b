"""A feed's bytes are taken once, whatever is sent twice and however often the parser dies."""

import pytest
from sentences import parser_settings

from voicectl.actors.parser.feeds import Feed
from voicectl.actors.parser.items import Spoken
from voicectl.actors.parser.journal import FeedRow
from voicectl.protocol.feeding import Chunk

TEXT = b"One is here.\n\nTwo is here.\n\nThree is here.\n\n"


@pytest.mark.parametrize("deaths", range(1, len(TEXT), 5))
def test_a_restored_feed_goes_on_at_the_byte_it_had_come_to(deaths: int) -> None:
    """The parser dies after every ``deaths`` bytes; each sentence comes out once and no byte is asked for too late."""
    row = FeedRow(feed="f", session="s", format="text")
    spoken: list[str] = []
    for end in [*range(deaths, len(TEXT), deaths), len(TEXT)]:
        feed = Feed(row, parser_settings())
        start = feed.received
        assert start == feed.end == row.received
        chunk = Chunk(feed="f", format="text", offset=0, arrived=1, final=end == len(TEXT))
        items = feed.take(chunk, TEXT[:end])
        assert items is not None
        spoken += [item.text for item in items if isinstance(item, Spoken)]
        row = feed.row()
        assert row.received == end
    assert spoken == ["One is here.", "Two is here.", "Three is here."]


def test_a_feed_with_missing_bytes_is_not_taken() -> None:
    """A chunk behind a gap is refused, and the feed stays where it was."""
    feed = Feed(FeedRow(feed="f", session="s", format="text"), parser_settings())
    feed.take(Chunk(feed="f", format="text", offset=0, arrived=1), TEXT[:5])
    assert feed.take(Chunk(feed="f", format="text", offset=9, arrived=1), TEXT[9:]) is None
    assert feed.end == 5
