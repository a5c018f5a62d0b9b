"""The parser's text layer: bytes of a feed in, sentences out; everything it remembers can be journaled."""

import codecs

import msgspec

from voicectl.actors.parser.document import Document, DocumentState
from voicectl.actors.parser.encoding import Encoding
from voicectl.actors.parser.formats import checked, detect
from voicectl.actors.parser.items import AnswerEnd, Item, SessionStart, Spoken
from voicectl.actors.parser.jsonlines import Wanted
from voicectl.actors.parser.lines import Lines
from voicectl.actors.parser.repeats import Repeats, RepeatsState
from voicectl.actors.parser.sources import open_source
from voicectl.actors.parser.streamlines import Aside, Close, Done, End, Event, Forget, Named, Rewind, Say
from voicectl.actors.phrases.english import say
from voicectl.actors.phrases.mark import marked
from voicectl.config.settings import ParserSettings

__all__ = ["AnswerEnd", "FeedParser", "Item", "SessionStart", "Spoken"]


class FeedState(msgspec.Struct):
    """What a journaled parser is restored from; ``source`` is the state of the format's own reader, as msgpack."""

    format: str
    encoding: str = ""
    consumed: int = 0
    skipping: bool = False
    speaking: bool = False
    undecoded: bytes = b""
    beginning: bool = True
    opening: bool = True
    document: DocumentState | None = None
    source: bytes = b""
    done: list[str] = []
    repeats: RepeatsState | None = None
    counters: dict[str, int] = {}


class FeedParser:
    """Turns the bytes of one feed into items, however the bytes are cut.

    ``consumed`` is the number of input bytes that ``state()`` accounts for: after a restore the
    caller feeds again from there. ``counters`` counts what was skipped (``bad_json``,
    ``unknown_type``, ``oversized_line``, ``bad_utf8``, ``not_text``).
    """

    def __init__(self, settings: ParserSettings, format: str = "auto", state: bytes = b"") -> None:
        """Start, or go on from ``state``; raise UsageError for an unknown format."""
        restored = msgspec.msgpack.decode(state, type=FeedState) if state else FeedState(format=checked(format))
        self.counters: dict[str, int] = restored.counters
        self._settings = settings
        self._format = restored.format
        self._undecided = b""
        self._beginning = restored.beginning
        self._speaking = restored.speaking
        self._opening = restored.opening  # the next sentence is the first one of an answer
        self._bytes = restored.consumed
        self._encoding = Encoding(restored.encoding)
        self._lines = Lines(restored.skipping)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._decoder.setstate((restored.undecoded, 0))
        self._document = Document(settings, self._format != "text", restored.document)
        self._repeats = Repeats(restored.repeats)
        self._done = restored.done  # tasks that were not told yet
        self._wanted = Wanted(settings.subagents, settings.errors, settings.thinking)
        self._source = open_source(self._format, self._wanted, self.counters, restored.source)

    @property
    def consumed(self) -> int:
        """Bytes of the input that ``state()`` accounts for."""
        waiting = self._lines.held if self._source else self._undecided
        return self._bytes - len(self._encoding.held) - self._encoding.width(waiting)

    @property
    def pending(self) -> bool:
        """Whether there is text whose end is doubtful, or something to be told when the stream pauses."""
        return self._document.pending or self.has_news

    @property
    def has_news(self) -> bool:
        """Whether tasks were done that are not told yet, lest more of them are done at the same time."""
        return bool(self._done)

    def state(self) -> bytes:
        """Return everything that is remembered, as msgpack; an unfinished line is not part of it."""
        state = FeedState(
            format=self._format,
            encoding=self._encoding.name,
            consumed=self.consumed,
            skipping=self._lines.skipping,
            speaking=self._speaking,
            undecoded=self._decoder.getstate()[0],
            beginning=self._beginning,
            opening=self._opening,
            document=self._document.state(),
            source=msgspec.msgpack.encode(self._source.state) if self._source else b"",
            done=self._done,
            repeats=self._repeats.state if self._source else None,
            counters=self.counters,
        )
        return msgspec.msgpack.encode(state)

    def feed(self, data: bytes, arrived: int = 0) -> list[Item]:
        """Add bytes that arrived at ``arrived`` (monotonic ns); return what became certain."""
        self._bytes += len(data)
        data = self._encoding.utf8(data)
        if self._format == "auto":
            self._undecided += data
            data = self._decide(final=False)
        return self._read(data, arrived) if data else []

    def settle(self) -> list[Item]:
        """The live stream pauses: a doubtful sentence end counts as certain where the text looks complete."""
        return self._admitted(self._document.settle()) + self._news()

    def break_off(self) -> list[Item]:
        """Nothing has come for long, and perhaps never will: the text read so far is all."""
        return self._admitted(self._document.close()) + self._news()

    def finish(self) -> list[Item]:
        """The input is over: return all that is left, and the end of an answer that is still open."""
        last = self._encoding.flush()
        if self._format == "auto":
            self._undecided += last
            last = self._decide(final=True)
        items = self._read(last, 0) if last else []
        if self._source:
            last = self._lines.flush()
            items += self._heard(self._source.read(self._unmarked(last)), 0) if last else []
            items += self._heard(self._source.finish(), 0)
        elif self._format != "auto":
            items += self._text(self._decoder.decode(b"", final=True), 0)
            items += self._admitted(self._document.close())
        return [*items, *self._news(), *self._answer_end()]

    def _decide(self, final: bool) -> bytes:
        """Find out the format; return the bytes held back for that, once it is known."""
        found = detect(self._undecided, final)
        if found is None:
            return b""
        self._format = found
        self._source = open_source(found, self._wanted, self.counters, b"")
        data, self._undecided = self._undecided, b""
        return data

    def _read(self, data: bytes, arrived: int) -> list[Item]:
        """Read bytes in the format that is now known."""
        if self._source is None:
            return self._text(self._decoder.decode(data), arrived)
        events: list[Event] = []
        for line in self._lines.push(data):
            events += self._source.read(self._unmarked(line))
        if self._lines.oversized:
            self._count("oversized_line", self._lines.oversized)
            self._lines.oversized = 0
        return self._heard(events, arrived)

    def _text(self, text: str, arrived: int) -> list[Item]:
        """Read text that is spoken as it stands."""
        if not text:
            return []
        if self._beginning:
            self._beginning = False
            text = text.removeprefix("\ufeff")
        if bad := text.count("\ufffd"):
            self._count("bad_utf8", bad)
        return self._grown(text, arrived)

    def _unmarked(self, line: bytes) -> bytes:
        """Return a line without the byte order mark that the first one may have."""
        if self._beginning:
            self._beginning = False
            return line.removeprefix(codecs.BOM_UTF8)
        return line

    def _heard(self, events: list[Event], arrived: int) -> list[Item]:
        """Do what the source says."""
        items: list[Item] = []
        texts: list[str] = []
        for event in events:
            if not isinstance(event, Done):
                items += self._news()
            if isinstance(event, Say):
                texts.append(event.text)
                continue
            if texts:  # what arrived together is read together
                items += self._grown("".join(texts), arrived)
                texts.clear()
            match event:
                case Done(task):
                    self._done.append(task)
                case Close(cut):
                    items += self._admitted(self._document.close(cut))
                case Aside(text):
                    aside = Document(self._settings)
                    items += [*aside.push(text, arrived), *aside.close()]
                case Rewind():
                    self._repeats.rewind()
                    self._opening = True
                case Forget():
                    self._repeats.forget()
                case Named(session):
                    items.append(SessionStart(session))
                case End():
                    self._speaking = False
                    self._opening = True
                    items.append(AnswerEnd())
        return items + (self._grown("".join(texts), arrived) if texts else [])

    def _grown(self, text: str, arrived: int) -> list[Item]:
        """Read text that belongs to the answer."""
        sentences = self._document.push(text, arrived, early=self._opening)
        if self._document.skipped:
            self._count("not_text", self._document.skipped)
            self._document.skipped = 0
        return self._admitted(sentences)

    def _admitted(self, sentences: list[Spoken]) -> list[Item]:
        """Return the sentences that were not said by an earlier attempt at the same answer."""
        if sentences:
            self._speaking, self._opening = True, False
        if self._source is None:
            return list(sentences)
        return [sentence for sentence in sentences if self._repeats.admit(sentence.text)]

    def _news(self) -> list[Item]:
        """Return what is to be told of the tasks that are done."""
        tasks, self._done = self._done, []
        if not tasks:
            return []
        phrase = say("task") if len(tasks) == 1 else say("tasks", count=len(tasks))
        news = Spoken(text=phrase, spans=marked(phrase), pause="clause" if len(tasks) == 1 else "paragraph")
        if len(tasks) > 1:
            return [news]
        document = Document(self._settings)
        return [news, *document.push(f"{tasks[0]}.", 0), *document.close()]

    def _answer_end(self) -> list[Item]:
        was, self._speaking = self._speaking, False
        return [AnswerEnd()] if was else []

    def _count(self, name: str, number: int) -> None:
        self.counters[name] = self.counters.get(name, 0) + number
