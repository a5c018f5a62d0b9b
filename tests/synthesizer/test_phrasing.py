"""A path is spoken in accent phrases of its own; Japanese sentences keep theirs."""

import pyopenjtalk
import pytest

from voicectl.actors.synthesizer.openjtalk.phrasing import phrased


def phrases(nodes):
    """Return the accent phrases of a sentence: what is said, its nucleus and its length in morae."""
    found = []
    for node in nodes:
        said, morae = node["pron"].replace("’", ""), node["mora_size"]
        if found and node["chain_flag"] == 1:
            before, nucleus, size = found[-1]
            found[-1] = (before + said, nucleus, size + morae)
        else:
            found.append((said, node["acc"], morae))
    return found


def test_a_path_begins_anew_at_each_slash():
    """With the nucleus of its last noun, and the sounds as they were."""
    nodes = pyopenjtalk.run_frontend("ソース スラッシュ アクターズ スラッシュ ベース ドット パイ を読む。")
    assert len(phrases(nodes)[0][0]) > 20
    assert phrases(phrased(nodes))[:3] == [
        ("ソース", 1, 3),
        ("スラッシュアクターズ", 5, 9),
        ("スラッシュベースドットパイヲ", 11, 13),
    ]
    assert [node["pron"] for node in phrased(nodes)] == [node["pron"] for node in nodes]


@pytest.mark.parametrize(
    "text",
    [
        "テストを実行したところ、三つのファイルで失敗しました。",
        "ソース スラッシュ メイン",
        "データベース接続管理処理関数呼び出し",
        "スラッシュ",
        "",
    ],
)
def test_other_phrases_stay_as_they_are(text):
    """Short paths and long compounds are Open JTalk's own business."""
    nodes = pyopenjtalk.run_frontend(text) if text else []
    assert phrased(nodes) == nodes


@pytest.mark.parametrize(
    "path", ["スラッシュ ユーザー スラッシュ ローカル スラッシュ ビン スラッシュ パイソン", "ア" + " スラッシュ" * 9]
)
def test_every_nucleus_lies_in_its_phrase(path):
    """Also where slashes stand alone, or a path begins with one."""
    found = phrases(phrased(pyopenjtalk.run_frontend(path)))
    assert len(found) > 2
    assert all(0 <= nucleus <= size for _, nucleus, size in found)
