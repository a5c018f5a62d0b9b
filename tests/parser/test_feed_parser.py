"""The parser as its caller sees it: any cutting, restored state, pauses, stamps, formats."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from parser_kit import OWN, parse, said, texts
from parser_kit import settings as parser_settings

from voicectl.actors.parser import lines
from voicectl.actors.parser.reader import AnswerEnd, FeedParser, Item, SessionStart, Spoken
from voicectl.protocol.errors import UsageError

ATOMS = [
    "<!-- ",
    "-->",
    "<script>",
    "</script>",
    "<table><tr><td>",
    "</td><td>",
    "• ",
    "1️⃣ ",
    "www.a.org/b ",
    "save! in ",
    "[^1]",
    "[!NOTE] ",
    ' (url "a. B" ',
    "5*3",
    "__init__()",
    "<x-y>",
    "।",
    "\n",
    "\n\n",
    "- ",
    "  - ",
    "1. ",
    "> ",
    "# ",
    "```",
    "```py\n",
    "~~~\n",
    "\n```\n",
    "**",
    "*",
    "_",
    "__",
    "`",
    "[",
    "](http://a.b/c)",
    "]",
    "(",
    "<div>",
    "</div>",
    "<!--",
    "-->",
    "Hello",
    "world. ",
    "Foo. Bar",
    "e.g. ",
    "v1.2. ",
    "Dr. X",
    "?! ",
    "...",
    "。",
    "日本",
    "é",
    "😀",
    "👩\u200d💻",
    " ",
    "    ",
    "\t",
    "\\",
    "$",
    "$$",
    "\\(",
    "&amp;",
    "<br>",
    "==",
    "\n---\n",
    "[x] ",
    "[^1]: ",
    "http://x.y/z. ",
    "`a. B`",
    "~~",
    "\r\n",
    "\x00",
    "\ue000",
    "It works. ",
    "Then. *So*. ",
    "snake_case ",
    "![",
    "2. Go",
    "a ",
    "a | b\n",
    "|",
    "| a | b |\n",
    "|--|--|\n",
    "the U.S. ",
    "She ",
    "J. ",
    "so, and ",
    "word; ",
    "lorem ipsum dolor ",
    "See also: ",
    "\x1b[3",
    "1m",
    "\x00\x00\x00\x00",
]
SOURCES = st.lists(st.sampled_from(ATOMS), max_size=60).map("".join)
STYLES: list[dict[str, Any]] = [
    {},
    {"code": "announce", "urls": "full", "tables": "columns", "emoji": "name", "max_sentence_chars": 40},
    {"code": "read", "urls": "link", "tables": "skip", "early_clause_chars": 20},
]
STREAM = (OWN / "tool.partial.jsonl").read_bytes()


@given(
    SOURCES,
    st.lists(st.integers(0, 10_000), max_size=30),
    st.sampled_from(["markdown", "text", "auto"]),
    st.sampled_from(STYLES),
)
@example("1. 2. o", list(range(8)), "markdown", {})
@example("```\n```\n!```$```y\n1. >! 1", list(range(30)), "markdown", {})
@example("a\x00\x00\x00\x00\x00\nb\n\n    c lorem ipsum dolor\n", [9], "text", {})
@example("\x1b[3\x1b[3U.S. ", [7], "markdown", {})
@settings(max_examples=200, deadline=None)
def test_the_sentences_do_not_depend_on_how_the_text_is_cut(
    source: str, places: list[int], format: str, style: dict[str, Any]
) -> None:
    """Whole, or in any pieces, with the state stored and restored between them: the same sentences."""
    data = source.encode()
    parser = FeedParser(parser_settings(**style), format)
    items: list[Item] = []
    for end in [*sorted(place % (len(data) + 1) for place in places), len(data)]:
        items += parser.feed(data[parser.consumed : end])
        parser = FeedParser(parser_settings(**style), format, parser.state())
    items += parser.feed(data[parser.consumed :])
    assert items + parser.finish() == parse(data, format, **style)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_a_restored_parser_goes_on_with_the_stream_from_the_consumed_byte(places: list[int]) -> None:
    """After each piece the parser is thrown away; the next one is fed from ``consumed``."""
    parser = FeedParser(parser_settings())
    items: list[Item] = []
    for end in [*sorted(places), len(STREAM)]:
        items += parser.feed(STREAM[parser.consumed : end])
        parser = FeedParser(parser_settings(), "auto", parser.state())
    items += parser.feed(STREAM[parser.consumed :])
    assert items + parser.finish() == parse(STREAM, "auto")


@given(st.binary(max_size=400), st.sampled_from(["auto", "markdown", "text", "stream-json"]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise_an_error(data: bytes, format: str, pause: bool) -> None:
    """Whatever comes in, feed, settle, finish and state return."""
    parser = FeedParser(parser_settings(code="announce"), format)
    parser.feed(data[:200])
    parser.settle() if pause else None
    parser.feed(data[200:])
    parser.state()
    parser.finish()


@given(SOURCES)
@settings(max_examples=100, deadline=None)
def test_spans_are_substrings_in_order(source: str) -> None:
    """Each protected span stands in the text, behind the one before it."""
    for item in parse(source):
        position = 0
        for span in item.spans if isinstance(item, Spoken) else ():
            position = item.text.index(span.text, position) + len(span.text)


@pytest.mark.parametrize(
    "source",
    ["[" * 3000, "[a. B " * 300, "*a. B " * 300, "> " * 3000, "`a. B " * 300, "." * 20_000, "<div>a\n" * 2000],
    ids=["brackets", "links", "stars", "quotes", "code", "dots", "html"],
)
def test_hostile_text_neither_hangs_nor_grows_the_state(source: str) -> None:
    """Deep nesting and unclosed marks are read, and what is remembered stays small."""
    parser = FeedParser(parser_settings(), "markdown")
    for _ in range(3):
        parser.feed(source.encode())
        assert len(parser.state()) < 40_000
    parser.finish()


def test_a_sentence_leaves_with_the_character_that_makes_its_end_certain() -> None:
    """Not at the full stop (it may be an abbreviation), but with the first character behind it."""
    parser = FeedParser(parser_settings(), "markdown")
    assert texts(parser.feed(b"We met Dr. Novak, e.g. today. ")) == []
    assert texts(parser.feed(b"T")) == ["We met Dr. Novak, e.g. today."]
    assert texts(parser.feed(b"hen we left.\n")) == []
    assert texts(parser.feed(b"\n")) == ["Then we left."]


def test_a_list_item_leaves_when_the_next_one_begins() -> None:
    """The first letter of the next item ends the one before."""
    parser = FeedParser(parser_settings(), "markdown")
    assert texts(parser.feed(b"- first item\n- ")) == []
    assert texts(parser.feed(b"s")) == ["first item"]


def test_a_pause_settles_a_doubtful_end_but_no_half_sentence() -> None:
    """``settle`` lets go what looks complete and keeps the rest."""
    parser = FeedParser(parser_settings(), "markdown")
    parser.feed(b"It is done.")
    assert parser.pending
    assert texts(parser.settle()) == ["It is done."]
    assert not parser.pending
    parser.feed(b" Now the next")
    assert texts(parser.settle()) == []
    assert parser.pending
    assert texts(parser.feed(b" one. A")) == ["Now the next one."]
    assert texts(parser.finish()) == ["A"]


def test_written_is_when_the_last_character_of_the_sentence_arrived() -> None:
    """Not when the bytes came that decided its end."""
    parser = FeedParser(parser_settings(), "markdown")
    items = parser.feed(b"It is ", 10) + parser.feed(b"done.", 20) + parser.feed(b" ", 30) + parser.feed(b"Now on", 40)
    items += parser.feed(b".\n", 50) + parser.feed(b"\n", 60)
    assert [(item.text, item.written) for item in items if isinstance(item, Spoken)] == [
        ("It is done.", 20),
        ("Now on.", 50),
    ]


def test_a_character_cut_in_two_is_part_of_the_state() -> None:
    """UTF-8 bytes before and behind a restart make one character."""
    parser = FeedParser(parser_settings(), "markdown")
    data = "Café.".encode()
    parser.feed(data[:4])
    parser = FeedParser(parser_settings(), "markdown", parser.state())
    assert parser.consumed == 4
    parser.feed(data[4:])
    assert texts(parser.finish()) == ["Café."]


def test_an_unfinished_line_is_not_part_of_the_state() -> None:
    """``consumed`` stands at the end of the last whole line."""
    parser = FeedParser(parser_settings(), "stream-json")
    parser.feed(b'{"type":"system"}\n{"type":"sys')
    assert parser.consumed == len(b'{"type":"system"}\n')


def test_the_end_of_the_input_ends_an_open_answer_once() -> None:
    """Text ends with one AnswerEnd; no text, no end."""
    assert [type(item) for item in parse("Hello.")] == [Spoken, AnswerEnd]
    assert parse("") == []
    parser = FeedParser(parser_settings(), "markdown")
    parser.feed(b"Hello.")
    parser.finish()
    assert parser.finish() == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'\n {"type":"assistant","message":{"id":"m","content":[{"type":"text","text":"Hi **you**."}]}}', ["Hi you."]),
        (b'\xef\xbb\xbf{"type":"system"}\n', []),
        (b'{"type": broken\n', []),
        (b'{"a": 1}\n', ['{"a": 1}']),
        (b"\xef\xbb\xbf# Title\n", ["Title"]),
        (b"{curly} words.", ["{curly} words."]),
        (b"  \n", []),
    ],
)
def test_the_format_is_found_from_the_first_bytes(data: bytes, expected: list[str]) -> None:
    """A JSON object with a type is an agent's stream, all else Markdown; byte by byte as well."""
    assert texts(parse(data, "auto")) == expected
    parser = FeedParser(parser_settings())
    items = [item for index in range(len(data)) for item in parser.feed(data[index : index + 1])]
    assert texts(items + parser.finish()) == expected


def test_an_unknown_format_is_wrong_usage() -> None:
    """The error names the formats there are."""
    with pytest.raises(UsageError, match="stream-json"):
        FeedParser(parser_settings(), "yaml")


def test_plain_text_is_read_without_markup() -> None:
    """Asterisks and number signs of a text file are no Markdown; its lines are joined."""
    assert said("2 * 3 *is* six.\nIt is\nso.\n\n# Not a heading", "text") == [
        "2 * 3 *is* six.",
        "It is so.",
        "# Not a heading",
    ]


def test_a_line_that_is_too_long_is_skipped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not kept, a restored parser goes on inside it, and the next line is read."""
    monkeypatch.setattr(lines, "MAX_LINE", 1000)
    parser = FeedParser(parser_settings(), "stream-json")
    for _ in range(50):
        parser.feed(b"x" * 100)
        parser = FeedParser(parser_settings(), "stream-json", parser.state()) if parser.consumed else parser
    items = parser.feed(b'x\n{"type":"result","session_id":"s"}\n')
    assert items == [SessionStart("s"), AnswerEnd()]
    assert parser.counters == {"oversized_line": 1}
    assert parser.consumed == 50 * 100 + len(b'x\n{"type":"result","session_id":"s"}\n')


def test_a_ten_megabyte_line_in_small_reads_is_read_once() -> None:
    """A long tool result does not disturb the text behind it."""
    parser = FeedParser(parser_settings(), "stream-json")
    line = msgspec.json.encode({"type": "user", "message": {"role": "user", "content": "word " * 2_000_000}}) + b"\n"
    for start in range(0, len(line), 65536):
        assert parser.feed(line[start : start + 65536]) == []
    answer = {"type": "assistant", "message": {"id": "m", "content": [{"type": "text", "text": "Done."}]}}
    assert texts(parser.feed(msgspec.json.encode(answer) + b"\n") + parser.finish()) == ["Done."]


def test_bytes_that_are_no_utf_8_are_counted() -> None:
    """They are left out; the words around them are spoken."""
    parser = FeedParser(parser_settings(), "markdown")
    assert texts(parser.feed(b"Good \xff\xfe day.") + parser.finish()) == ["Good day."]
    assert parser.counters == {"bad_utf8": 2}


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("source", ["Hé 𠮷. Next one.\n\n- x\n", STREAM.decode()])
def test_utf_16_with_a_mark_is_read_like_utf_8(name: str, source: str) -> None:
    """As a shell of Windows writes it; cut anywhere, with the state stored and restored at some places."""
    data = ("\ufeff" + source).encode(name)
    parser, items = FeedParser(parser_settings()), []
    for end in (1, 2, 3, 9, 50, 51, 4097, len(data) // 2, len(data) - 1, len(data)):
        items += parser.feed(data[parser.consumed : end])
        parser = FeedParser(parser_settings(), "auto", parser.state())
    items += parser.feed(data[parser.consumed :])
    assert texts(items + parser.finish()) == texts(parse(source, "auto"))


def test_half_a_mark_is_no_mark() -> None:
    """A lone byte that could begin one is what it is."""
    parser = FeedParser(parser_settings())
    assert parser.feed(b"\xff") == parser.finish() == []
    assert texts(parse(b"\xffOne.", "auto")) == ["One."]
