"""What comes out of the whole pipeline can be understood, judged by a speech recognizer."""

import shutil
import subprocess

import numpy as np
import pytest
from instance import Instance
from speech import read_wav

pytest.importorskip("pocketsphinx")

from recognizer import Recognizer

SENTENCES = [
    "保存したファイルがどこにも見つかりません。",
    "電源を入れ直してから、もう一度試してください。",
    "この関数は二回呼び出されています。",
    "昨夜の雪で、空港への道が閉まりました。",
    "データベースの接続が切れたようです。",
    "pytest を実行したら、全部通りました。",
    "JSON の形式が正しくありません。",
    "祖母は台所で味噌汁を温めています。",
    "ログを見ると、原因はすぐに分かります。",
    "新しい画面では、ボタンの色を変えました。",
    "get_user_id は整数を返します。",
    "会議の資料を木曜日までに送ります。",
    "メモリーの使用量が半分になりました。",
    "猫が窓際で静かに眠っている。",
    "README.md に使い方を書き足しました。",
    "この設定は再起動すると元に戻ります。",
]
RIGHT = 12
"""So many of the sixteen are recognized, at least; 15 when this was written, and chance is one."""

WRONG = 1
"""So many of eight at most are taken for their sentence where nothing can be understood."""

GAP_S = 0.2
"""Silence (exact zeros) this long is the pause between two sentences, and no pause inside one."""


@pytest.fixture(scope="module")
def recognizer():
    """Return a recognizer of the sentences as they are meant to be read."""
    from voicectl.actors.synthesizer.readings.reader import Reader

    reader = Reader()
    return Recognizer([reader.read(sentence) for sentence in SENTENCES])


@pytest.fixture(scope="module")
def recorded():
    """Return the sound of each sentence as the pipeline's WAV sink wrote it, and its rate."""
    with Instance() as instance:
        instance.up(f"wav:{instance.wav}", "--set", "translator.backend=none", "--set", "language.source=ja")
        instance.run("feed", "--wait", "--format", "text", stdin="\n\n".join(SENTENCES).encode())
        instance.run("down")
        sound, rate = read_wav(instance.wav)
    loud = np.flatnonzero(sound)
    ends = np.flatnonzero(np.diff(loud) > GAP_S * rate)
    starts = [int(loud[0]), *(int(loud[end + 1]) for end in ends)]
    stops = [*(int(loud[end]) + 1 for end in ends), int(loud[-1]) + 1]
    return [sound[start:stop] for start, stop in zip(starts, stops, strict=True)], rate


def right(recognizer, sounds, rate):
    """Return how many sounds, by the number of their sentence, were recognized as that sentence."""
    return sum(recognizer.sentence(sound, rate) == number for number, sound in sounds.items())


def some(sounds):
    """Return every other sound by its number: enough for what must not be understood."""
    return {number: sounds[number] for number in range(0, len(sounds), 2)}


def test_what_the_pipeline_says_can_be_understood(recognizer, recorded):
    """Sentence for sentence, English terms among them."""
    sounds, rate = recorded
    assert len(sounds) == len(SENTENCES)
    assert right(recognizer, dict(enumerate(sounds)), rate) >= RIGHT


def test_the_same_sound_backwards_cannot(recognizer, recorded):
    """The recognizer does not guess from length or loudness."""
    sounds, rate = recorded
    assert right(recognizer, {number: sound[::-1] for number, sound in some(sounds).items()}, rate) <= WRONG


def test_noise_cannot(recognizer, recorded):
    """Noise as long and as loud as each sentence."""
    sounds, rate = recorded
    generator = np.random.default_rng(0)
    noise = {number: generator.normal(0, 3000, len(sound)).astype(np.int16) for number, sound in some(sounds).items()}
    assert right(recognizer, noise, rate) <= WRONG


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_a_voice_that_does_not_know_kanji_cannot(recognizer, tmp_path):
    """espeak-ng says "Chinese letter" for each of them: the test tells bad speech from good."""
    sounds = {}
    for number, sentence in some(SENTENCES).items():
        path = tmp_path / f"{number}.wav"
        subprocess.run(["espeak-ng", "-v", "ja", "-w", path, sentence], check=True)
        sounds[number], rate = read_wav(path)
    assert right(recognizer, sounds, rate) <= WRONG
