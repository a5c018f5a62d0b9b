"""Claude Code's stream: what is spoken of it, and each text once."""

from typing import Any

import msgspec
from parser_kit import parse, settings, texts

from voicectl.actors.parser.reader import AnswerEnd, FeedParser, SessionStart


def stream(*lines: dict[str, Any] | bytes) -> bytes:
    """Return lines of stream-json."""
    return b"".join((line if isinstance(line, bytes) else msgspec.json.encode(line)) + b"\n" for line in lines)


def heard(*lines: dict[str, Any] | bytes, **options: Any) -> list[str]:
    """Return the sentences of a stream."""
    return texts(parse(stream(*lines), "stream-json", **options))


def event(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a stream_event line."""
    return {"type": "stream_event", "event": body, "parent_tool_use_id": None, **more}


def start(message: str) -> dict[str, Any]:
    """Return the line that begins a streamed message."""
    return event({"type": "message_start", "message": {"id": message, "content": []}})


def block(kind: str = "text") -> dict[str, Any]:
    """Return the line that begins a content block."""
    return event({"type": "content_block_start", "index": 0, "content_block": {"type": kind, "text": ""}})


def delta(text: str) -> dict[str, Any]:
    """Return a text delta."""
    return event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})


def stop(reason: str | None = "end_turn", abandoned: bool = False) -> list[dict[str, Any]]:
    """Return the lines that end a message."""
    ends = [] if reason is None else [event({"type": "message_delta", "delta": {"stop_reason": reason}})]
    more = {"abandoned_blocks": {"api_message_id": "x", "from_block_index": 0}} if abandoned else {}
    return [event({"type": "content_block_stop", "index": 0}), *ends, event({"type": "message_stop"}, **more)]


def assistant(message: str, *blocks: Any, **more: Any) -> dict[str, Any]:
    """Return an assistant line; a plain string is a text block."""
    content = [{"type": "text", "text": item} if isinstance(item, str) else item for item in blocks]
    body = {
        "id": message,
        "model": more.pop("model", "claude"),
        "content": content,
        "stop_reason": more.pop("stop", None),
    }
    return {"type": "assistant", "message": body, "parent_tool_use_id": None, **more}


def user(text: str, **more: Any) -> dict[str, Any]:
    """Return a user line."""
    return {"type": "user", "message": {"role": "user", "content": [{"type": "text", "text": text}]}, **more}


TOOL = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "Never. Spoken."}}
RESULT = {"type": "result", "subtype": "success", "result": "One. Two.", "session_id": "s"}


def test_text_that_comes_three_times_is_spoken_once() -> None:
    """Deltas, the assistant line and the result hold the same text."""
    lines = [start("m"), block(), delta("One. T"), delta("wo."), assistant("m", "One. Two."), *stop(), RESULT]
    assert heard(*lines) == ["One.", "Two."]


def test_an_assistant_line_goes_on_where_its_deltas_ended() -> None:
    """Deltas that are missing at the end of a block are made up for."""
    assert heard(start("m"), block(), delta("One. Tw"), assistant("m", "One. Two."), *stop()) == ["One.", "Two."]


def test_a_message_without_deltas_is_spoken_between_messages_with_them() -> None:
    """The client falls back to whole messages."""
    lines = [start("a"), block(), delta("One."), assistant("a", "One."), *stop(), user("ok")]
    assert heard(*lines, assistant("b", "Two."), RESULT) == ["One.", "Two."]


def test_an_answer_that_starts_again_is_not_spoken_twice() -> None:
    """Marked as abandoned or not, twice or once: what was said is not said again, the cut sentence is dropped."""
    attempt = [start("a"), block(), delta("One. Two. Thr")]
    again = [block(), delta("One. Two. Three. Four."), assistant("c", "One. Two. Three. Four."), *stop(), RESULT]
    expected = ["One.", "Two.", "Three.", "Four."]
    marked = stop(None, abandoned=True)
    assert heard(*attempt, *marked, start("b"), block(), delta("One. Tw"), *marked, start("c"), *again) == expected
    assert heard(*attempt, *stop(None), start("c"), *again) == expected
    assert heard(*attempt, start("c"), *again) == expected
    assert heard(*attempt, assistant("c", "One. Two. Three. Four."), RESULT) == expected


def test_a_later_answer_may_repeat_an_earlier_one() -> None:
    """Only an answer that starts again is compared with what was said."""
    assert heard(assistant("a", "Done."), RESULT, assistant("b", "Done."), RESULT) == ["Done.", "Done."]


def test_blocks_of_a_message_are_joined_without_a_blank() -> None:
    """A sentence may go on in the next text block, with deltas or without."""
    whole = [assistant("m", "One and t"), assistant("m", "wo. Three.")]
    assert heard(*whole, RESULT) == ["One and two.", "Three."]
    blocks = [block(), delta("One and t"), whole[0], block(), delta("wo. Three."), whole[1]]
    assert heard(start("m"), *blocks, *stop(), RESULT) == ["One and two.", "Three."]


def test_a_tool_call_ends_the_text() -> None:
    """Text before and behind a tool call are two texts; the call itself is silent."""
    assert heard(assistant("m", "First", TOOL), user("Never."), assistant("n", "second.")) == ["First", "second."]


def test_a_message_cut_by_the_token_limit_goes_on_in_the_next_one() -> None:
    """One sentence, joined by a blank; for good, the rest of it stays."""
    nudge = user("Output token limit hit. Resume directly.", isSynthetic=True)
    assert heard(assistant("a", "One and"), nudge, assistant("b", "two."), RESULT) == ["One and two."]
    assert heard(assistant("a", "One and"), assistant("b", "two."), RESULT) == ["One and two."]
    streamed = [start("a"), block(), delta("One and"), assistant("a", "One and"), *stop("max_tokens")]
    assert heard(*streamed, nudge, start("b"), block(), delta("two."), *stop(), RESULT) == ["One and two."]
    assert heard(*streamed, RESULT) == ["One and"]


def test_what_was_cut_off_is_dropped() -> None:
    """A refusal, an interrupt, an abort, the end of a broken stream: complete sentences stay."""
    begun = [start("a"), block(), delta("One. Two is n")]
    assert heard(*begun, *stop("refusal"), RESULT) == ["One."]
    assert heard(*begun, user("[Request interrupted by user]"), RESULT) == ["One."]
    assert heard(assistant("a", "One. Two is n", aborted=True), RESULT) == ["One."]
    assert heard(assistant("a", "One. Two is n"), user("Your response was stopped.", isSynthetic=True)) == ["One."]
    assert heard(*begun) == ["One."]


def test_the_agents_own_words_alone_are_spoken() -> None:
    """No thinking, tools, subagents, users, system lines or results."""
    thinking = {"type": "thinking", "thinking": "Never."}
    lines = [
        {"type": "system", "subtype": "task_notification", "summary": "Never."},
        start("m"),
        block("thinking"),
        event({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "Never."}}),
        assistant("m", thinking),
        block("tool_use"),
        event({"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "Never."}}),
        assistant("m", TOOL),
        *stop("tool_use"),
        user("Never.", parent_tool_use_id="t"),
        assistant("h", "Never.", parent_tool_use_id="t"),
        event(
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Never."}}, parent_tool_use_id="t"
        ),
        user("Never.", isReplay=True),
        assistant("n", "(no content)"),
        {**RESULT, "result": "Never."},
    ]
    assert heard(*lines) == []


def test_subagents_and_thinking_are_spoken_on_request() -> None:
    """The settings open them."""
    helper = assistant("h", "From the helper.", parent_tool_use_id="t")
    assert heard(assistant("m", "Mine"), helper, assistant("m", " too."), subagents=True) == [
        "From the helper.",
        "Mine too.",
    ]
    thought = assistant("m", {"type": "thinking", "thinking": "I wonder"})
    assert heard(thought, assistant("m", "I know."), thinking=True) == ["I wonder", "I know."]
    thinking = event({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "I wonder"}})
    streamed = [start("m"), block("thinking"), thinking, thought, block(), delta("I know."), assistant("m", "I know.")]
    assert heard(*streamed, *stop(), thinking=True) == ["I wonder", "I know."]


def test_errors_of_the_client_are_spoken_without_ids() -> None:
    """A synthetic message is spoken if it is an error, unless the settings say otherwise."""
    text = (
        'API Error: 400 {"type":"error","error":{"message":"Bad schema."},"request_id":"req_011CtSiU9PMJtS0UdWhFJpkZ"}'
    )
    error = assistant("u", text, model="<synthetic>", stop="stop_sequence")
    assert heard(error, RESULT) == ["API Error: 400 Bad schema."]
    assert heard(error, RESULT, errors=False) == []
    marked = assistant("u", "Too busy.\n\nMessage ID: msg_0109dibedbEZRXtpNA9Jz262", is_api_error_message=True)
    assert heard(assistant("m", "One. Two"), marked, RESULT) == ["One.", "Two", "Too busy."]
    assert heard(assistant("u", "## Context Usage", model="<synthetic>", stop="end_turn"), RESULT) == []


def test_the_session_is_named_once_and_each_result_ends_an_answer() -> None:
    """SessionStart comes first; AnswerEnd follows the text of its turn."""
    items = parse(stream({"type": "system", "session_id": "s"}, assistant("a", "One."), RESULT, RESULT), "stream-json")
    assert [type(item).__name__ for item in items] == ["SessionStart", "Spoken", "AnswerEnd", "AnswerEnd"]
    assert items[0] == SessionStart("s")
    assert isinstance(items[-1], AnswerEnd)


def test_broken_and_unknown_lines_are_counted_and_skipped() -> None:
    """The rest goes on."""
    parser = FeedParser(settings(), "stream-json")
    broken = [b'{"type": "assis', b"[1]", b'"text"', b"{}", b'{"type": "new_thing"}', b"", b"[" * 100_000]
    odd = [
        {"type": "assistant"},
        {"type": "assistant", "message": 3},
        {"type": "assistant", "message": {"content": [None, {"type": "text", "text": 5}, "x"]}},
        {"type": "stream_event", "event": None},
        event({"type": "content_block_delta", "delta": "x"}),
        event({"type": "content_block_start", "content_block": []}),
        {"type": "user", "message": {"content": 7}},
        {"type": ["system"], "session_id": 4},
    ]
    items = parser.feed(stream(*broken, *odd, assistant("m", "Still here."), RESULT))
    assert texts(items) == ["Still here."]
    assert parser.counters["bad_json"] == 4
    assert parser.counters["unknown_type"] == 3


def test_a_character_cut_in_two_between_deltas_is_whole_again() -> None:
    """Each delta holds half of a surrogate pair, as JavaScript may send it."""
    half = b'{"type":"stream_event","event":{"type":"content_block_delta","delta":{"type":"text_delta","text":"%s"}}}'
    lines = [start("m"), block(), delta("Kanji "), half % rb"\ud842", half % rb"\udfb7.", *stop()]
    assert heard(*lines) == ["Kanji 𠮷."]


def test_a_line_with_bytes_that_are_no_utf_8_is_still_read() -> None:
    """The bytes are left out and counted."""
    parser = FeedParser(settings(), "stream-json")
    line = msgspec.json.encode(assistant("m", "Good X day.")).replace(b"X", b"\xff")
    assert texts(parser.feed(line + b"\n") + parser.finish()) == ["Good day."]
    assert parser.counters == {"bad_utf8": 1}


TOO_LONG = "API Error: Claude's response exceeded the 32000 output token maximum."
LIMIT = assistant("u", TOO_LONG, model="<synthetic>", stop="stop_sequence")


def test_an_answer_may_go_on_behind_the_error_that_it_was_too_long() -> None:
    """Then the error is not spoken; where nothing follows it is, behind all that was written."""
    assert heard(assistant("a", "One and"), LIMIT, assistant("b", "two."), RESULT) == ["One and two."]
    end = ["One and", TOO_LONG]
    assert heard(assistant("a", "One and"), LIMIT, RESULT) == end
    assert heard(assistant("a", "One and"), LIMIT) == end
    first = [start("a"), block(), delta("One and"), assistant("a", "One and"), LIMIT, *stop("max_tokens")]
    second = [start("b"), block(), delta("two."), assistant("b", "two."), *stop()]
    assert heard(*first, *second, RESULT) == ["One and two."]
    assert heard(*first, RESULT) == end
    assert heard(*first, RESULT, errors=False) == ["One and"]


def test_a_refusal_is_told_by_the_stop_reason_or_by_the_error_behind_it() -> None:
    """Its unfinished sentence is dropped, in streams of whole messages too; the next answer's is not."""
    refused = assistant("a", "One. After that", stop="refusal")
    assert heard(refused, RESULT, assistant("b", "Two is n"), RESULT) == ["One.", "Two is n"]
    error = assistant("u", "API Error: Claude Code is unable to respond to this request.", model="<synthetic>")
    assert heard(assistant("a", "One. After that"), error, RESULT) == [
        "One.",
        "API Error: Claude Code is unable to respond to this request.",
    ]
    assert heard(refused, start("b"), block(), delta("Two is n"), assistant("b", "Two is n"), *stop(), RESULT) == [
        "One.",
        "Two is n",
    ]


def test_a_report_of_a_command_is_silent_where_nothing_marks_it() -> None:
    """It has several lines; an error has one, or says that it is one."""
    report = assistant("u", "Total cost: $0\nUsage: 0 input", model="<synthetic>", stop="stop_sequence")
    assert heard(report, RESULT) == []
    error = assistant("u", "API Error: Busy.\nTry again.", model="<synthetic>", stop="stop_sequence")
    assert heard(error, RESULT) == ["API Error: Busy.", "Try again."]
    short = assistant("u", "Not enough messages to compact.", model="<synthetic>", stop="stop_sequence")
    assert heard(short, RESULT) == ["Not enough messages to compact."]


def test_a_turn_that_begins_ends_the_text_before_it() -> None:
    """The result of the turn before may be held back until a helper is done."""
    init = {"type": "system", "subtype": "init", "session_id": "s"}
    assert heard(init, assistant("a", "First"), init, assistant("b", "second."), RESULT, RESULT) == ["First", "second."]
    summary = user("This session is being continued.", isSynthetic=True)
    boundary = {"type": "system", "subtype": "compact_boundary"}
    assert heard(assistant("a", "First"), boundary, summary, assistant("b", "second."), RESULT) == ["First", "second."]
    assert heard(assistant("a", "First"), user("Stop hook feedback: go on.", isSynthetic=True)) == ["First"]


def test_a_log_that_holds_lines_twice_is_spoken_once() -> None:
    """Every line has an id of its own; deltas that are alike and have none are two."""
    twice = [assistant("a", "One.", uuid="u1")] * 2
    assert heard(*twice, user("ok", uuid="u2"), twice[0], RESULT) == ["One."]
    assert heard(*twice, assistant("b", "One.", uuid="u1"), RESULT) == ["One.", "One."]
    echo = event({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Ha. "}}, uuid="u3")
    assert heard(start("m"), block(), echo, echo, *stop(), RESULT) == ["Ha."]
    assert heard(start("m"), block(), delta("Ha. "), delta("Ha. "), *stop(), RESULT) == ["Ha.", "Ha."]


def test_a_message_whose_beginning_was_lost_is_spoken_once() -> None:
    """Its deltas name no message; the line that follows them does."""
    assert heard(block(), delta("One. Tw"), assistant("m", "One. Two."), *stop(), RESULT) == ["One.", "Two."]


def test_an_interrupted_answer_may_be_repeated_by_the_next() -> None:
    """It was not begun again, but asked for again."""
    lines = [start("a"), block(), delta("Done. Tw"), user("[Request interrupted by user for tool use]")]
    again = [start("b"), block(), delta("Done. Two."), assistant("b", "Done. Two."), *stop(), RESULT]
    assert heard(*lines, *again) == ["Done.", "Done.", "Two."]


def test_odd_json_is_read_all_the_same() -> None:
    """Keys in any order and twice, numbers that JSON has not, line ends of Windows, a byte order mark."""
    line = (
        b'\xef\xbb\xbf{"uuid":"u","message":{"content":[{"text":"One.","type":"text"}],"usage":{"x":NaN,"y":-Infinity},'
        b'"id":"m"},"cost":NaN,"parent_tool_use_id":null,"type":"user","type":"assistant"}\r'
    )
    deep = b'{"type":"assistant","x":' + b"[" * 200 + b"]" * 200 + b',"message":{"id":"n","content":"Two."}}'
    assert heard(line, deep, RESULT) == ["One.", "Two."]


def test_a_line_of_ten_megabytes_is_read() -> None:
    """Text before, inside and behind it."""
    big = {"type": "user", "message": {"content": [{"type": "tool_result", "content": "x. Y " * 2_000_000}]}}
    assert heard(assistant("a", "One."), big, assistant("b", "Two."), RESULT) == ["One.", "Two."]
