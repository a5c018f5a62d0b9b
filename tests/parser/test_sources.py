"""Other agents than Claude Code: what is spoken of samples made from their documented formats."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from parser_kit import comparable, gold, parse, settings, texts

from voicectl.actors.parser.formats import FORMATS, HOOKS
from voicectl.actors.parser.reader import AnswerEnd, FeedParser, Item, SessionStart

SOURCES = Path(__file__).parents[1] / "data" / "sources"
SAMPLES = {
    "codex.jsonl": "codex",
    "gemini.jsonl": "gemini",
    "openai-chat.sse": "openai",
    "openai-responses.sse": "openai",
    "transcript.jsonl": "transcript",
    "hooks.jsonl": HOOKS,
}
samples = pytest.mark.parametrize("name", SAMPLES)


def lines(*objects: dict[str, Any]) -> bytes:
    """Return objects as a stream."""
    return b"".join(msgspec.json.encode(line) + b"\n" for line in objects)


def events(*objects: dict[str, Any]) -> bytes:
    """Return objects as server-sent events."""
    return b"".join(b"data: " + msgspec.json.encode(line) + b"\n\n" for line in objects)


def said(name: str, *objects: dict[str, Any], **options: Any) -> list[str]:
    """Return what is said of a stream."""
    return texts(parse(lines(*objects), name, **options))


def chunk(**delta: Any) -> dict[str, Any]:
    """Return a chunk of a chat completion."""
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


@samples
def test_a_sample_is_spoken_as_a_listener_should_hear_it(name: str) -> None:
    """Text of the agent, once; never tools, thoughts, users, warnings."""
    data = (SOURCES / name).read_bytes()
    assert [comparable(text) for text in texts(parse(data, SAMPLES[name]))] == gold(SOURCES / name)


@pytest.mark.parametrize("name", [name for name in SAMPLES if SAMPLES[name] != HOOKS])
def test_auto_finds_out_what_a_sample_is(name: str) -> None:
    """The first line decides, or the first data of server-sent events."""
    data = (SOURCES / name).read_bytes()
    assert parse(data, "auto") == parse(data, SAMPLES[name])


@samples
def test_a_sample_says_the_same_however_its_bytes_are_cut(name: str) -> None:
    """Byte by byte as in one piece."""
    data = (SOURCES / name).read_bytes()
    parser = FeedParser(settings(), SAMPLES[name])
    items = [item for at in range(len(data)) for item in parser.feed(data[at : at + 1])]
    assert items + parser.finish() == parse(data, SAMPLES[name])


@samples
def test_a_parser_restored_at_any_line_goes_on_with_the_sample(name: str) -> None:
    """All that a source remembers is in the journaled state."""
    data = (SOURCES / name).read_bytes()
    parser = FeedParser(settings(), SAMPLES[name])
    items: list[Item] = []
    for line in data.splitlines(keepends=True):
        items += parser.feed(line)
        parser = FeedParser(settings(), "auto", parser.state())
    assert items + parser.finish() == parse(data, SAMPLES[name])


@samples
@limits(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_line_of_odd_values_breaks_a_source(name: str, data: st.DataObject) -> None:
    """Whatever a field holds, the stream goes on and what follows is spoken."""
    first = [line for line in (SOURCES / name).read_bytes().splitlines() if b"{" in line][:12]
    fields = json.loads(data.draw(st.sampled_from(first)).removeprefix(b"data:"))
    odd = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.lists(st.none())
        | st.dictionaries(st.text(), st.none())
    )
    fields[data.draw(st.sampled_from(sorted(fields)))] = data.draw(odd)
    parser = FeedParser(settings(), SAMPLES[name])
    parser.feed(lines(fields) + b"{broken\n")
    assert parser.counters["bad_json"] == 1
    parser.feed((SOURCES / name).read_bytes())
    parser.finish()


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (b"data: see below\nMore.\n", "markdown"),
        (b"data:\n", "markdown"),
        (b":smile: Hello.\nMore.\n", "markdown"),
        (b"event: response.created\nHello.\n", "markdown"),
        (b"d", "markdown"),
        (b'{"type":"init","session_id":"s"}\n', "gemini"),
        (b'{"type":"turn.started"}\n', "codex"),
        (b'{"type":"summary","summary":"s","leafUuid":"u"}\n', "transcript"),
        (b'{"type":"message","role":"x"}\n', "stream-json"),
        (b'data: {"choices":[]}\n', "openai"),
        (b'{"choices":[]}\n', "openai"),
    ],
)
def test_auto_decides_by_the_first_data(start: bytes, found: str) -> None:
    """Only what is surely a stream is read as one."""
    parser = FeedParser(settings())
    parser.feed(start)
    parser.finish()
    assert msgspec.msgpack.decode(parser.state())["format"] == found


def test_every_session_is_named_once_and_every_turn_ends() -> None:
    """The history is kept by the agent's own name of the session."""
    parsed = {name: parse((SOURCES / name).read_bytes(), SAMPLES[name]) for name in SAMPLES}
    starts = {
        name: [item.session for item in items if isinstance(item, SessionStart)] for name, items in parsed.items()
    }
    ends = {name: sum(isinstance(item, AnswerEnd) for item in items) for name, items in parsed.items()}
    assert starts["codex.jsonl"] == ["0199a213-81c0-7800-8aa1-bbab2a035a53"]
    assert starts["gemini.jsonl"] == ["6f2c1c1e-6f36-4d55-8ac1-1b1f3b7e2a10"]
    assert starts["transcript.jsonl"] == ["95e6f011-ec33-4b37-91ad-5d242b40ae3d"]
    assert starts["hooks.jsonl"] == ["abc"]
    assert ends == {
        "codex.jsonl": 2,
        "gemini.jsonl": 2,
        "openai-chat.sse": 1,
        "openai-responses.sse": 2,
        "transcript.jsonl": 3,
        "hooks.jsonl": 1,
    }


def test_the_formats_a_user_may_name_are_all_readable() -> None:
    """Each choice of --format opens a parser."""
    for name in FORMATS:
        FeedParser(settings(), name).finish()


def test_codex_speaks_a_message_as_it_grows() -> None:
    """Some versions update an item before they complete it; each text is said once."""
    grown = ["The build", "The build passed. All", "The build passed. All is well."]
    items = [
        {"type": kind, "item": {"id": "item_1", "type": "agent_message", "text": text}}
        for kind, text in zip(("item.started", "item.updated", "item.completed"), grown, strict=True)
    ]
    assert said("codex", *items) == ["The build passed.", "All is well."]


def test_codex_says_an_error_that_ended_the_stream() -> None:
    """Without a failed turn the last error is what the listener should know; one that was overcome is not."""
    error = {"type": "error", "message": "stream error"}
    assert said("codex", error) == ["stream error"]
    assert said("codex", error, {"type": "turn.completed", "usage": {}}) == []


@pytest.mark.parametrize(
    ("name", "thought"),
    [
        ("codex", {"type": "item.completed", "item": {"id": "i", "type": "reasoning", "text": "A thought."}}),
        ("openai", chunk(reasoning_content="A thought.")),
        ("openai", chunk(reasoning="A thought.")),
        (
            "openai",
            {"type": "response.reasoning_text.delta", "item_id": "i", "content_index": 0, "delta": "A thought."},
        ),
        ("openai", {"type": "response.reasoning_summary_text.done", "item_id": "i", "text": "A thought."}),
    ],
)
def test_thoughts_are_spoken_on_request(name: str, thought: dict[str, Any]) -> None:
    """They are off as long as nobody asks for them."""
    assert said(name, thought) == []
    assert said(name, thought, thinking=True) == ["A thought."]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("codex", {"type": "turn.failed", "error": {"message": "It failed."}}),
        ("gemini", {"type": "result", "status": "error", "error": {"type": "E", "message": "It failed."}}),
        ("openai", {"error": {"message": "It failed.", "type": "server_error"}}),
        ("openai", {"type": "error", "code": "x", "message": "It failed."}),
        (HOOKS, {"hook_event_name": "StopFailure", "error": "x", "last_assistant_message": "It failed."}),
    ],
)
def test_errors_can_be_left_out(name: str, error: dict[str, Any]) -> None:
    """They are spoken, as the listener would hear nothing at all, but for those who do not want them."""
    assert said(name, error) == ["It failed."]
    assert said(name, error, errors=False) == []


def test_a_filtered_answer_loses_only_its_unfinished_sentence() -> None:
    """What a content filter cut off is no sentence."""
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]}
    assert texts(parse(events(chunk(content="One. Two"), end), "openai")) == ["One."]


def test_text_displayed_in_another_layout_is_not_said_again() -> None:
    """The screen and the message differ in white space only."""
    display = {
        "hook_event_name": "MessageDisplay",
        "message_id": "m",
        "index": 0,
        "final": True,
        "delta": "One.\nTwo. \n",
    }
    stop = {"hook_event_name": "Stop", "last_assistant_message": "One.\n\nTwo."}
    assert said(HOOKS, display, stop) == ["One.", "Two."]


def test_sentences_never_join_over_the_border_of_two_messages() -> None:
    """Each message is a text of its own, also where it has no full stop."""
    messages = ["one", "two", "three"]
    items = [{"id": text, "type": "agent_message", "text": text} for text in messages]
    assert said("codex", *({"type": "item.completed", "item": item} for item in items)) == messages
