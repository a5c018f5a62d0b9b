"""What voicectl itself says in Japanese is read rightly: numbers with their counters, names of programs and tools."""

import contextlib
import io

import pytest

from voicectl.actors.phrases.catalogue import Catalogue
from voicectl.actors.phrases.english import say
from voicectl.actors.synthesizer.readings.reader import Reader

with contextlib.redirect_stdout(io.StringIO()):
    import pyopenjtalk


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Return the reader with its own dictionary."""
    return Reader()


@pytest.mark.parametrize(
    ("phrase", "reading"),
    [
        (say("skipped"), "フルイブブンヲショーリャクシマシタ。"),
        (say("tasks", count=3), "サンケンノタスクガカンリョーシマシタ。"),
        (say("tasks", count=10), "ジュッケンノタスクガカンリョーシマシタ。"),
        (say("code_in", count=12, language="Python"), "パイソンノコードブロック、ジューニギョーデス。"),
        (say("code", count=4), "コードブロック、ヨンギョーデス。"),
        (say("code_in", count=1, language="C sharp"), "シーシャープノコードブロック、イチギョーデス。"),
        (
            say("translator_failed", backend="nllb", successor="starter"),
            "ホンヤクエンジンエヌエルエルビーガウゴカナクナッタタメ、スターターニキリカエマシタ。",
        ),
        (say("synthesizer_back", backend="espeak-ng"), "オンセーエンジンガイースピークエヌジーニモドリマシタ。"),
        (say("permission_tool", tool="WebFetch"), "クロードガウェブフェッチヲツカウキョカヲモトメテイマス。"),
    ],
)
def test_a_phrase_is_read_as_a_person_would(reader: Reader, phrase: str, reading: str) -> None:
    """Kana of Open JTalk."""
    translation = Catalogue("ja").translate(phrase)
    assert translation
    assert pyopenjtalk.g2p(reader.read(translation), kana=True) == reading
