"""English, code, numbers and symbols in Japanese text are read as a Japanese developer says them."""

import contextlib
import io
import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from voicectl.actors.synthesizer.factory import load_backend
from voicectl.actors.synthesizer.readings.inflection import inflected
from voicectl.actors.synthesizer.readings.lexicon import Lexicon
from voicectl.actors.synthesizer.readings.reader import Reader
from voicectl.actors.synthesizer.readings.voice import own_dictionary
from voicectl.protocol.errors import ConfigError

with contextlib.redirect_stdout(io.StringIO()):
    import pyopenjtalk

CASES = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parents[1] / "data" / "readings.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
JAPANESE = st.text(alphabet="あいうえおがぱっゃーアイウエオガパ漢字変更確認、。「」！？・…", max_size=80)
PRINTABLE = st.text(alphabet=[chr(code) for code in range(0x20, 0x7F)], max_size=80)

_LONG = {
    "ウ": "オコソトノホモヨロゴゾドボポョウクスツヌフムユルグズブプュ",
    "イ": "エケセテネヘメレゲゼデベペェイキシチニヒミリギジビピィ",
    "オ": "オコソトノホモヨロゴゾドボポョォ",
    "エ": "エケセテネヘメレゲゼデベペェ",
}
_SAME = str.maketrans("ヲヅヂ", "オズジ")


@pytest.fixture(scope="module")
def reader():
    """Return a reader with the project's dictionary alone."""
    return Reader()


def folded(kana):
    """Return kana with long vowels, ヲ and the like in one spelling, without punctuation."""
    out = ""
    for character in re.sub("[^ァ-ヶー]", "", kana).translate(_SAME).replace("スィ", "シ"):
        long = out and out[-1] in _LONG.get(character, "")
        out += "ー" if long else character
    return re.sub("ー+", "ー", out)


def heard(text):
    """Return what Open JTalk says for a text, in kana."""
    nodes = pyopenjtalk.run_frontend(text, normalize_mode="NFKC")
    return folded("".join(node["pron"] for node in nodes if node["pos"] != "記号"))


def test_the_test_set_is_read_right(reader):
    """Of more than 200 terms and sentences at most two are heard otherwise than written down by hand."""
    assert len(CASES) >= 200
    missed = {text: heard(reader.read(text)) for text, kana in CASES if heard(reader.read(text)) != folded(kana)}
    assert len(missed) <= 2, missed


def test_without_the_readings_most_of_the_test_set_is_read_wrong():
    """Open JTalk by itself spells words letter by letter; the set is worth something."""
    right = sum(heard(text) == folded(kana) for text, kana in CASES)
    assert right < len(CASES) / 3


@given(JAPANESE)
def test_japanese_stays_as_it_is(reader, text):
    """Not a character of it changes."""
    assert reader.read(text) == text


@given(JAPANESE, st.sampled_from(["pytest", "get_user_id", "v2.3.1", "120 ms", "--workspace"]), JAPANESE)
def test_japanese_around_a_term_stays_as_it_is(reader, before, term, after):
    """The term is replaced where it stands."""
    assert reader.read(before + term + after) == before + reader.read(term) + after


@given(st.one_of(st.text(max_size=60), PRINTABLE))
@hypothesis_settings(max_examples=200, deadline=None)
def test_any_text_has_a_reading_of_bounded_length(reader, text):
    """Nothing raises, nothing with a letter or digit falls silent, and nothing explodes."""
    said = reader.read(text)
    assert len(said) <= 16 * len(text) + 16
    assert any(character.isalnum() for character in said) or not any(character.isalnum() for character in text)


@given(PRINTABLE)
@hypothesis_settings(max_examples=200, deadline=None)
def test_no_latin_letter_is_left(reader, text):
    """The voice never has to guess."""
    assert not re.search("[A-Za-z]", reader.read(text))


@pytest.mark.parametrize("size", [10_000, 100_000])
def test_data_without_a_space_is_read_in_part(reader, size):
    """Somebody printed a file: it is cut off, not spelled for minutes."""
    assert len(reader.read("a1B/" * (size // 4))) < 5_000


@pytest.mark.parametrize("text", ["", "~" * 50, "( )", "。。。", "-> $", "⁇"])
def test_a_text_of_symbols_alone_is_left_to_be_silent(reader, text):
    """There is no word in it."""
    assert reader.read(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("テストの ---- です", "テストの ---- です"),
        ("A - B", "エー - ビー"),
        ("終わり.", "終わり."),
        ("$ を打つ", "ドル を打つ"),
        ("-- と _ と /", "ハイフンハイフン と アンダーバー と スラッシュ"),
        ("== と -> と @ と #", "イコールイコール と やじるし と アットマーク と シャープ"),
    ],
)
def test_symbols_alone_are_named_and_punctuation_is_not(reader, text, said):
    """A dash between words is a pause; a dollar sign is what the sentence is about."""
    assert reader.read(text + "。") == said + "。"


def test_a_commit_is_said_as_git_shows_it(reader):
    """Its first seven characters, whatever its length."""
    assert (
        reader.read("830d7ba")
        == reader.read("830d7ba9c5da24a1b2c3d4e5f60718293a4b5c6d")
        == "ハチサンゼロディーナナビーエー"
    )


def test_full_width_and_accented_letters_are_read_as_plain_ones(reader):
    """ＪＳＯＮ is JSON, café is cafe."""
    assert reader.read("ＪＳＯＮ と café") == reader.read("JSON と cafe")


@pytest.mark.parametrize(
    ("stem", "reading", "ending", "form"),
    [
        ("test", "テスト", "s", "テスツ"),
        ("code", "コード", "s", "コーズ"),
        ("task", "タスク", "s", "タスクス"),
        ("class", "クラス", "s", "クラシズ"),
        ("user", "ユーザー", "s", "ユーザーズ"),
        ("test", "テスト", "ing", "テスティング"),
        ("log", "ログ", "ing", "ロギング"),
        ("filter", "フィルター", "ing", "フィルタリング"),
        ("store", "ストア", "ing", "ストアリング"),
        ("push", "プッシュ", "ing", "プッシング"),
        ("view", "ビュー", "ing", "ビューイング"),
        ("load", "ロード", "ed", "ローデッド"),
        ("check", "チェック", "ed", "チェックド"),
    ],
)
def test_endings_are_said_as_in_loanwords(stem, reading, ending, form):
    """The last sound changes with the ending."""
    assert inflected(reading, ending, stem) == form


def test_compounds_are_read_as_their_parts(reader):
    """And forms of forms: a word need not be in the dictionary when its parts are."""
    assert reader.read("socketpool") == "ソケットプール"
    assert reader.read("lockfiles") == "ロックファイルズ"


@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("selecteditem", "セレクテッドアイテム"),
        ("sqlfiles", "エスキューエルファイルズ"),
        ("baseurl", "ベースユーアールエル"),
        ("screenshots", "スクリーンショッツ"),
        ("printform", "プリントフォーム"),
    ],
)
def test_compounds_of_words_go_before_those_with_endings_and_letters(reader, name, reading):
    """``screenshots`` is not screens and hots, ``printform`` not printf and orm."""
    assert reader.read(name) == reading


@pytest.mark.parametrize(("name", "wrong"), [("urlapi", "ユーアールエルエーピーアイ"), ("urled", "ユーアールエルド")])
def test_letters_alone_make_no_word(reader, name, wrong):
    """``clinic`` is not cli and nic, nor has what is spelled a past tense."""
    assert reader.read(name) != wrong


def test_capitals_are_words_where_they_are_forms_of_known_ones(reader):
    """Others of up to four are letters; so is the plural of what is spelled."""
    assert [reader.read(text) for text in ("JOBS", "QXZW", "APIs", "apis")] == [
        "ジョブズ",
        "キューエックスゼットダブリュー",
        "エーピーアイズ",
        "エーピーアイズ",
    ]


def test_a_typographic_apostrophe_is_a_plain_one(reader):
    """As agents write both."""
    assert reader.read("don’t") == reader.read("don't") == "ドント"


def test_the_dictionary_holds_more_than_a_thousand_terms_in_kana():
    """Each term once, each reading something that a voice can say."""
    text = files("voicectl.actors.synthesizer.readings").joinpath("terms.tsv").read_text(encoding="utf-8")
    entries = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    assert len(entries) == len({term for term, _ in entries}) == len(Lexicon()) > 1000
    assert all(re.fullmatch("[ァ-ヴーぁ-ん]+", reading) for _, reading in entries)


def test_a_reading_of_the_users_own_goes_first(tmp_path):
    """A known term is changed, a new one is added, an abbreviation with a capital stands for itself alone."""
    own = tmp_path / "readings.tsv"
    own.write_text("# mine\n\npytest\tピーワイテスト\nfrobnicator\tフロブニケーター\nQA\t品質保証\n", encoding="utf-8")
    reader = Reader(own)
    assert reader.read("pytest、frobnicators、QA、qa、JSON") == (
        "ピーワイテスト、フロブニケーターズ、品質保証、キューエー、ジェイソン"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("pytest パイテスト\n", "line 1 is not an entry; write: term, one tab, reading"),
        ("# ok\npytest\t\n", "line 2 is not an entry"),
        ("pytest\tpaitesuto\n", "line 1: write the reading of 'pytest' in kana"),
        ("git hub\tギットハブ\n", "line 1 is not an entry"),
    ],
)
def test_a_broken_dictionary_is_told_by_its_line(tmp_path, content, message):
    """With the file and what to write."""
    own = tmp_path / "readings.tsv"
    own.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(f"{own}: {message}")):
        Lexicon(own)


def test_a_dictionary_that_cannot_be_read_is_told(tmp_path):
    """A missing file that was named, and one that is not UTF-8."""
    with pytest.raises(ConfigError, match=r"cannot be read .*set synthesizer.readings"):
        Lexicon(tmp_path / "none.tsv")
    (tmp_path / "latin.tsv").write_bytes("é\tエ".encode("latin-1", "replace"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        Lexicon(tmp_path / "latin.tsv")


def test_the_users_file_lies_beside_the_configuration(tmp_path, monkeypatch):
    """It is taken when it is there; another one can be named."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert own_dictionary("") is None
    own = tmp_path / "voicectl" / "readings.tsv"
    own.parent.mkdir()
    own.touch()
    assert own_dictionary("") == own
    assert own_dictionary("/elsewhere.tsv") == Path("/elsewhere.tsv")


def test_the_japanese_voice_speaks_the_readings(settings, tmp_path):
    """The sound of the term is that of its reading, also of one that the user changed."""
    own = tmp_path / "readings.tsv"
    own.write_text("voicectl\tボイス\n", encoding="utf-8")
    voice = load_backend(settings(readings=str(own)), "ja")
    for text, reading in (("pytest です。", "パイテスト です。"), ("voicectl です。", "ボイス です。")):
        assert [pcm.samples.tolist() for pcm in voice.synthesize(text)] == [
            pcm.samples.tolist() for pcm in voice.synthesize(reading)
        ]
