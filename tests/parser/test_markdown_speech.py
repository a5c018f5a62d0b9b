"""Markdown to the words a person would say."""

import pytest
from parser_kit import parse, said, settings, texts

from voicectl.actors.parser.reader import FeedParser, Spoken
from voicectl.actors.phrases.mark import is_marked


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("## A title\n\nSome *light* **bold** ~~old~~ text.", ["A title", "Some light bold old text."]),
        ("A title\n=======\nText.", ["A title", "Text."]),
        ("One line\nand the next one.", ["One line and the next one."]),
        ("- one\n- two\n  - three. Four\n3. five", ["one", "two", "three.", "Four", "five"]),
        ("- [ ] open\n- [x] closed", ["open", "closed"]),
        ("> Quoted. Twice\n> over.", ["Quoted.", "Twice over."]),
        ("| a | b |\n|---|---|\n| 1 | |\n| `x|y` | z. Z |\n", ["a, b", "1", "`x, y`"]),
        ("Before.\n\n```py\nprint('Not. This')\n```\n\nAfter.", ["Before.", "After."]),
        ("- item\n\n  ~~~\n  code. Code\n  ~~~\n\n  more\n- last", ["item", "more", "last"]),
        ("Text:\n\n    indented. Code\n\nEnd.", ["Text:", "End."]),
        ("````\n```\nstill. Code\n````\nEnd.", ["End."]),
        ("See [the guide](http://x.org/a.b?c=d) now.", ["See the guide now."]),
        ("See [the guide][1] now.\n\n[1]: http://x.org", ["See the guide now."]),
        ("![A tree](tree.png) grows.", ["A tree grows."]),
        ("Read https://www.example.com/a/b.html. Then go.", ["Read example.com.", "Then go."]),
        ("It is flagged (https://a.org/b). Yes.", ["It is flagged.", "Yes."]),
        ("Ask <https://a.org/x> or <me@a.org>.", ["Ask a.org or me@a.org."]),
        ("A <b>bold</b> word<br>and <!-- no. No --> more.", ["A bold word and more."]),
        (
            "<details>\n<summary>More</summary>\n<p>Hidden text.</p>\n</details>\n\nEnd.",
            ["More", "Hidden text.", "End."],
        ),
        ("<!-- a\n\nb. C -->\n\nEnd.", ["End."]),
        ("Done 🎉, 👩‍💻 Café. ✅ Next.", ["Done, Café.", "Next."]),
        ("It costs $5 and $6. It is $O(n \\log n)$ fast.", ["It costs $5 and $6.", "It is O(n log n) fast."]),
        ("Sum:\n\n$$\n\\sum. A\n$$\n\nEnd.", ["Sum:", "End."]),
        ("A claim[^1]. Next.\n\n[^1]: The note says so.", ["A claim.", "Next.", "The note says so."]),
        ("**Note. It works.** Then *go. Stop.*", ["Note.", "It works.", "Then go.", "Stop."]),
        ("The *args are many. Then more.", ["The args are many.", "Then more."]),
        ("2 * 3 is 6. 4 * 5 is 20.", ["2 * 3 is 6.", "4 * 5 is 20."]),
        ("Tom &amp; Jerry &lt;3 \\*stars\\*.", ["Tom & Jerry <3 *stars*."]),
        ("Use a `.env. File` here. Yes.", ["Use a .env. File here.", "Yes."]),
        ("One\n\n---\n\nTwo", ["One", "Two"]),
        ("...\n\n!\n\n- \n", []),
        ("42.\n", ["42."]),
        ("1.\n   one\n2.\n", ["one"]),
        ('See [it](url "a title. With a dot"). Next.', ["See it.", "Next."]),
        ("It is known.[^1] Next.", ["It is known.", "Next."]),
        ("Call `x.__init__()`, y.__init__() and z.__name__.", ["Call x.__init__(), y.__init__() and z.__name__."]),
        ("5*3*2 is `5*3*2`, 2**3 is 8. Next.", ["5*3*2 is 5*3*2, 2**3 is 8.", "Next."]),
        ("• one\n• two. Two\n  ◦ three\n\nA • b.", ["one", "two.", "Two", "three", "A • b."]),
        ("1️⃣ First. 2️⃣ Second.", ["First.", "Second."]),
        ("> [!WARNING]\n> Never do that. Really.", ["Warning: Never do that.", "Really."]),
        ("See www.example.com/a/b. It is www.a.org.", ["See example.com.", "It is a.org."]),
        (
            "$\\frac{a}{b} \\leq \\sqrt{x}$ and $\\text{rate} \\times 5\\%$.",
            ["a/b ≤ √x and rate × 5%."],
        ),
        ("Run git checkout <branch> in <b>b</b> <x>y</x> of Vec<T>.", ["Run git checkout branch in b y of Vec<T>."]),
        ("<table><tr><td>a</td><td>b</td></tr>\n<tr><td>c</td></tr></table>", ["a, b", "c"]),
        ("<p>One that\ngoes on. Two</p><p>Three</p>\n<ul><li>x</li></ul>", ["One that goes on.", "Two", "Three", "x"]),
        ("One <!-- b > c. D\nE. --> two. Three", ["One two.", "Three"]),
        ("- a\n\n  <!-- b\n\n  c. D -->\n\n  e\n- f", ["a", "e", "f"]),
        ("A <!-- never closed. B\n\nC.", ["A", "C."]),
        ("Write `<!--` first. Then text.", ["Write <!-- first.", "Then text."]),
    ],
)
def test_markup_is_heard_as_a_person_would_read_it(source: str, expected: list[str]) -> None:
    """The words stay, the marks go, code blocks are left out."""
    assert said(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Use e.g. Python, i.e. The language. Good.", ["Use e.g. Python, i.e. The language.", "Good."]),
        ("Dr. Novak of the U.S. agreed. Yes.", ["Dr. Novak of the U.S. agreed.", "Yes."]),
        ("It takes 3.14 ms in v2.3.1. Fast.", ["It takes 3.14 ms in v2.3.1.", "Fast."]),
        ("Wait... then go. Good... Then go.", ["Wait... then go.", "Good...", "Then go."]),
        ('He said "Hi." Then he left.', ['He said "Hi."', "Then he left."]),
        ("Is it? It is! Fine.", ["Is it?", "It is!", "Fine."]),
        ("It works (see above). Then go.", ["It works (see above).", "Then go."]),
        ("Call foo.bar() now. Then a.py runs.", ["Call foo.bar() now.", "Then a.py runs."]),
        ("これは文です。次の文です。終わり", ["これは文です。", "次の文です。", "終わり"]),
    ],
)
def test_sentences_end_where_a_reader_would_pause(source: str, expected: list[str]) -> None:
    """Abbreviations, numbers, names of files and quotes do not mislead."""
    assert said(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Run `cargo test` in src/net/retry.rs.", [("code", "cargo test"), ("path", "src/net/retry.rs")]),
        (
            "Read http://a.org/b for v1.9, 1.2.3.",
            [("url", "a.org"), ("version", "v1.9"), ("version", "1.2.3")],
        ),
        ("Pass --dry-run or -v to it.", [("flag", "--dry-run"), ("flag", "-v")]),
        (
            "Call load_all(), os.path, fooBar, FooBar and MAX_SIZE.",
            [("identifier", name) for name in ("load_all()", "os.path", "fooBar", "FooBar", "MAX_SIZE")],
        ),
        (
            "Edit ~/x/y, ./run.sh, /etc/hosts and main.py.",
            [("path", p) for p in ("~/x/y", "./run.sh", "/etc/hosts", "main.py")],
        ),
        ("See foo::bar() and/or read e.g. this well-known text at 3 p.m. today.", [("identifier", "foo::bar()")]),
        ("Twice `a` and `a`.", [("code", "a"), ("code", "a")]),
    ],
)
def test_what_looks_like_code_is_protected(source: str, expected: list[tuple[str, str]]) -> None:
    """Spans come with their kind, in order of appearance."""
    (sentence,) = [item for item in parse(source) if isinstance(item, Spoken)]
    assert [(span.kind, span.text) for span in sentence.spans] == expected


def test_code_blocks_can_be_announced() -> None:
    """With ``code = announce`` their length and language are said, whatever holds them."""
    source = "So:\n\n```python\na\nb\n```\n\n- x\n\n  ```\n  c\n  ```\n\nEnd.\n\n    d\n"
    assert said(source, code="announce") == [
        "So:",
        "Code block, 2 lines of Python.",
        "x",
        "Code block, 1 line.",
        "End.",
        "Code block, 1 line.",
    ]
    marks = [is_marked(item.spans) for item in parse(source, code="announce") if isinstance(item, Spoken)]
    assert marks == [False, True, False, True, False, True]


def test_pauses_follow_the_blocks() -> None:
    """A paragraph and a heading are followed by a long pause, a sentence and a list item by a short one."""
    items = parse("# Title\n\nOne. Two.\n\n- item\n")
    assert [item.pause for item in items if isinstance(item, Spoken)] == [
        "paragraph",
        "sentence",
        "paragraph",
        "sentence",
    ]


def test_a_text_without_full_stops_is_cut_at_blanks() -> None:
    """No sentence is longer than 800 characters, and no word is lost."""
    words = "word " * 1000
    sentences = said(words)
    assert max(map(len, sentences)) <= 800
    assert " ".join(sentences).split() == words.split()


def test_a_long_list_is_read_item_by_item_with_its_nesting() -> None:
    """What was said is cut away from the source kept, and the rest still reads as before."""
    source = "1. top item\n" + "".join(f"   - nested item {n}. Its detail\n\n     second part {n}\n" for n in range(60))
    expected = ["top item"] + [
        text for n in range(60) for text in (f"nested item {n}.", "Its detail", f"second part {n}")
    ]
    assert said(source) == expected


def test_a_long_table_keeps_its_columns() -> None:
    """Rows far from the head of the table are rows still."""
    source = "| name | value |\n|---|---|\n" + "".join(f"| row{n} | {n} |\n" for n in range(100)) + "\nEnd."
    assert said(source) == ["name, value", *(f"row{n}, {n}" for n in range(100)), "End."]


@pytest.mark.parametrize(
    ("before", "line", "after", "expected"),
    [
        ("<!-- ", "word. Next one > \n", "-->\n\nEnd.", ["End."]),
        ("One. Two <!-- ", "word. Next one > ", "--> three. Four", ["One.", "Two three.", "Four"]),
        ("- [ ] a <!-- ", "word. Next one\n  ", "--> c\n- d", ["a c", "d"]),
        ("- a\n  - b\n\n    <!--\n", "    word. Next one\n\n", "    -->\n\n    c\n- d", ["a", "b", "c", "d"]),
        ("> a\n>\n> <!--\n", "> word. Next one\n>\n", "> -->\n>\n> b\n\nc", ["a", "b", "c"]),
        ("<script>\n", "f(x. Y)\n\n", "</script>\nEnd.", ["End."]),
        ("- a\n\n  <style>\n", "  f(x. Y)\n\n", "  </style>\n\n  b\n- c", ["a", "b", "c"]),
    ],
)
def test_a_comment_is_silent_however_long_it_is(before: str, line: str, after: str, expected: list[str]) -> None:
    """Wherever it stands; hardly any of it is kept."""
    parser = FeedParser(settings(), "markdown")
    items = parser.feed(before.encode())
    for _ in range(2500):
        items += parser.feed(line.encode())
    assert len(parser.state()) < 10_000
    items += parser.feed(after.encode())
    assert texts(items + parser.finish()) == expected


def test_a_comment_ends_with_the_list_item_that_holds_it() -> None:
    """As on any page."""
    assert said("- a\n\n  <!-- b\n" + "  c. D\n" * 100 + "\nOutside. Yes.\n") == ["a", "Outside.", "Yes."]
