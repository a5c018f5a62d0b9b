"""The settings that say how text is spoken."""

import pytest
from parser_kit import parse, said, settings, texts

from voicectl.actors.parser.reader import FeedParser, Spoken

TABLE = "| name | size |\n|---|---|\n| `a.py` | 3 MB |\n| b | |\n\nEnd."
ADDRESSES = "Read https://www.example.com/a/b.html now. It is open (see https://a.org/x). Go [there](http://z.org)."
LONG = (
    "The scheduler keeps a queue of pending jobs, and each worker takes the oldest one that it can run, but when two "
    "workers ask at the same moment, the one with fewer running jobs wins; otherwise the queue would starve them."
)


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ("cells", ["name, size", "a.py, 3 MB", "b", "End."]),
        ("columns", ["name: a.py, size: 3 MB", "name: b", "End."]),
        ("skip", ["End."]),
    ],
)
def test_tables_are_read_as_wanted(tables: str, expected: list[str]) -> None:
    """Cells alone, with the names of their columns, or not at all; an empty cell is nothing."""
    assert said(TABLE, tables=tables) == expected


def test_a_long_table_keeps_the_names_of_its_columns() -> None:
    """Also in rows far from the head of the table."""
    source = "| name | value |\n|---|---|\n" + "".join(f"| row{n} | {n} |\n" for n in range(100))
    assert said(source, tables="columns") == [f"name: row{n}, value: {n}" for n in range(100)]


def test_protected_pieces_of_a_row_stay_protected_behind_the_names() -> None:
    """Spans keep their order when column names come between them."""
    item = next(item for item in parse(TABLE, tables="columns") if isinstance(item, Spoken))
    assert [(span.kind, span.text) for span in item.spans] == [("code", "a.py")]


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        ("host", ["Read example.com now.", "It is open.", "Go there."]),
        ("full", ["Read example.com/a/b.html now.", "It is open (see a.org/x).", "Go there."]),
        ("link", ["Read the link now.", "It is open.", "Go there."]),
        ("drop", ["Read now.", "It is open.", "Go there."]),
    ],
)
def test_addresses_are_said_as_wanted(urls: str, expected: list[str]) -> None:
    """By host, in full, as "the link", or not; a link's own text always."""
    assert said(ADDRESSES, urls=urls) == expected


@pytest.mark.parametrize(
    "source",
    [
        "It works. Learn more: https://a.org/x",
        "It works. Read more at: https://a.org/x.",
        "It works. See also: <https://a.org/x>",
        "It works. Docs: https://a.org/x.",
        "It works. Source: https://a.org/x",
        "It works. More info: https://a.org/x",
        "It works (docs: https://a.org/x).",
        "It works [via https://a.org/x].",
        "It works - source: https://a.org/x",
        "- It works.\n- Link: https://a.org/x",
    ],
)
def test_an_address_that_only_refers_is_left_out(source: str) -> None:
    """With the words that introduce it."""
    assert [text.removesuffix(".") for text in said(source)] == ["It works"]


def test_an_address_that_belongs_to_the_sentence_stays() -> None:
    """Words like source and see are no label in the middle of a sentence."""
    assert said("The source: https://a.org/x is old. See https://b.org for more.") == [
        "The source: a.org is old.",
        "See b.org for more.",
    ]


@pytest.mark.parametrize(
    ("emoji", "expected"),
    [
        ("drop", ["Done, ok.", "Next one."]),
        ("name", ["Done party popper, ok check mark.", "Next warning one."]),
    ],
)
def test_emoji_are_named_or_left_out(emoji: str, expected: list[str]) -> None:
    """Modifiers have no name of their own."""
    assert said("Done 🎉, ok ✅. Next ⚠️ one.", emoji=emoji) == expected


def test_code_can_be_read_line_by_line() -> None:
    """Each line is protected; blank ones and brackets alone are nothing to say; a fence is read as it grows."""
    source = (
        "So:\n\n```python\nx  = 1\n\n}\nprint(x)\n```\n\n" + "".join(f"    line {n}\n" for n in range(40)) + "\nEnd."
    )
    items = [item for item in parse(source, code="read") if isinstance(item, Spoken)]
    assert [item.text for item in items] == ["So:", "x = 1", "print(x)", *(f"line {n}" for n in range(40)), "End."]
    assert all(item.spans[0].text == item.text for item in items[1:-1])
    parser = FeedParser(settings(code="read"), "markdown")
    assert texts(parser.feed(b"```\nfirst()\nsec")) == ["first()"]


def test_a_long_indented_code_block_is_announced_with_all_its_lines() -> None:
    """Also when most of it was forgotten since."""
    assert said("".join(f"    line {n}\n" for n in range(400)) + "\nEnd.", code="announce") == [
        "Code block, 400 lines.",
        "End.",
    ]


def test_a_long_sentence_is_spoken_in_clauses() -> None:
    """Its parts are no longer than asked for, end at clauses, and lose nothing."""
    items = [item for item in parse(f"{LONG} Short one.", max_sentence_chars=110) if isinstance(item, Spoken)]
    assert [item.text for item in items] == [
        "The scheduler keeps a queue of pending jobs, and each worker takes the oldest one that it can run,",
        "but when two workers ask at the same moment, the one with fewer running jobs wins;",
        "otherwise the queue would starve them.",
        "Short one.",
    ]
    assert [item.pause for item in items] == ["clause", "clause", "sentence", "paragraph"]


def test_no_cut_goes_through_a_protected_piece() -> None:
    """Code and links stay whole, whatever their commas and blanks."""
    source = "See `a, b and c, d and e` and [the, long, link and its text](http://x.org/a,b) for more, or not so"
    items = [item for item in parse(source, max_sentence_chars=40) if isinstance(item, Spoken)]
    assert [item.text for item in items] == [
        "See a, b and c, d and e",
        "and the, long, link and its text",
        "for more, or not so",
    ]
    assert [span.text for span in items[0].spans] == ["a, b and c, d and e"]


def test_a_sentence_that_never_ends_is_spoken_as_it_grows() -> None:
    """Its parts leave before its end is known."""
    parser = FeedParser(settings(max_sentence_chars=100), "markdown")
    parts = texts(parser.feed(b"one, two, three, four, five,\n" * 8))
    assert sum(map(len, parts)) > 120
    assert max(map(len, parts)) <= 100


def test_a_list_does_not_leave_before_its_last_item() -> None:
    """Nor does what stands in brackets; a clause with another conjunction does."""
    parser = FeedParser(settings(early_clause_chars=30), "markdown")
    assert parser.feed(b"The report covers the parser, the translator, the voice, and the sink of it, ") == []
    assert texts(parser.feed(b"but not the rest of it. ")) == [
        "The report covers the parser, the translator, the voice, and the sink of it,"
    ]


def test_the_first_clause_of_an_answer_may_leave_early() -> None:
    """If it is long and stands for itself; the second one waits for its sentence."""
    parser = FeedParser(settings(early_clause_chars=30), "markdown")
    assert parser.feed(b"I looked at the failing test in the module, and") == []
    items = parser.feed(b" ")
    assert [(item.text, item.pause) for item in items if isinstance(item, Spoken)] == [
        ("I looked at the failing test in the module,", "clause")
    ]
    assert texts(parser.feed(b"it shows that the counter is never reset between attempts, but I fixed it. D")) == [
        "and it shows that the counter is never reset between attempts, but I fixed it."
    ]


@pytest.mark.parametrize(
    "source",
    ["Short, and then a sentence that goes on and on. A", "Apples, pears, plums, and cherries, and figs are here. A"],
)
def test_a_short_clause_or_a_list_does_not_leave_early(source: str) -> None:
    """Nor is anything cut in ``parse``, where the setting is off."""
    for early in (0, 45):
        parser = FeedParser(settings(early_clause_chars=early), "markdown")
        assert texts(parser.feed(source.encode())) == [source[:-2]]
