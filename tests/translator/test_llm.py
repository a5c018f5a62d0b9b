"""Language models: a server that speaks OpenAI's chat completions, and a GGUF file."""

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from http_fake import Asked, serving

from voicectl.actors.translator import factory
from voicectl.actors.translator.backend import Source
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable
from voicectl.protocol.message import Span

Settings = Callable[..., TranslatorSettings]
CODE = (Span(kind="code", text="make test"),)
ANSWERS = {
    "Run ⟦0⟧ now.": "<think>\nRun is 実行.\n</think>\n\n「今すぐ⟦0⟧を実行します。」",
    "Only ⟦0⟧ tests failed.": "失敗したのは⟦0⟧つのテストだけです。",
}


def _completion(text: str) -> dict[str, object]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


def _answer(asked: Asked) -> tuple[int, str]:
    said = asked.body["messages"][-1]["content"]
    return 200, json.dumps(_completion(ANSWERS.get(said, "わかりました。")))


def test_a_server_translates_with_its_markers_kept(
    settings: Settings, english_to_japanese: LanguageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thoughts and quotation marks around the answer go; the spans are back in their places."""
    monkeypatch.setenv("MY_KEY", "secret")
    with serving(_answer) as (url, asked):
        wanted = settings(url=f"{url}/v1/", model="qwen2.5", api_key_env="MY_KEY")
        assert factory.choose(wanted, english_to_japanese)[0] == "llm"
        backend = factory.load_backend(wanted, english_to_japanese)
        results = backend.translate([Source("Run make test now.", CODE), Source("Only 3 tests failed.")])
        backend.close()
    assert [result.text for result in results] == ["今すぐmake testを実行します。", "失敗したのは3つのテストだけです。"]
    assert (backend.name, backend.device) == ("llm", "server")
    assert {request.path for request in asked} == {"/v1/chat/completions"}
    assert asked[-1].headers["Authorization"] == "Bearer secret"
    assert (asked[-1].body["model"], asked[-1].body["temperature"]) == ("qwen2.5", 0)
    assert "from English to Japanese" in asked[-1].body["messages"][0]["content"]


def test_a_model_that_chats_instead_of_translating_is_not_spoken(
    settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """The guards see an answer in English and give the original back, for the next backend to try."""
    chatter = json.dumps(_completion("Sure! Here is the translation that you asked me for."))
    with serving(lambda asked: (200, chatter)) as (url, _):
        backend = factory.load_backend(settings(url=url), english_to_japanese, "llm")
        [result] = backend.translate([Source("The server is running again.")])
    assert (result.text, result.notes) == (
        "The server is running again.",
        ("original", "wrong script", "refused"),
    )


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (401, "{}", "401 Unauthorized"),
        (500, "<html>", "500"),
        (200, "no JSON", "does not speak"),
        (200, '{"choices": []}', "does not speak"),
        (200, '{"choices": [{"message": {"content": null}}]}', "does not speak"),
    ],
)
def test_a_server_that_refuses_is_an_error_of_one_line(
    settings: Settings, english_to_japanese: LanguageSettings, status: int, text: str, said: str
) -> None:
    """At start the backend is unavailable; later it is an error of the sentence."""
    good = json.dumps(_completion("はい。"))
    answers = [(200, good), (status, text)]
    with serving(lambda asked: answers[len(seen) > 1]) as (url, seen):
        backend = factory.load_backend(settings(url=url), english_to_japanese, "llm")
        with pytest.raises(BackendError, match=said) as caught:
            backend.translate([Source("The server is running again.")])
    assert "\n" not in str(caught.value)
    with serving(lambda asked: (status, text)) as (url, _), pytest.raises(BackendUnavailable, match=said):
        factory.load_backend(settings(url=url), english_to_japanese, "llm")


def test_a_server_that_is_not_there_is_unavailable(settings: Settings, english_to_japanese: LanguageSettings) -> None:
    """The line names the address and the key to check."""
    with serving(_answer) as (url, _):
        pass
    with pytest.raises(BackendUnavailable, match=r"cannot reach http://127.*translator\.url"):
        factory.load_backend(settings(url=url), english_to_japanese, "llm")


def test_without_a_server_or_a_file_the_line_says_what_is_wanted(
    tmp_path: Path, settings: Settings, english_to_japanese: LanguageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a file without its library says what to install."""
    with pytest.raises(BackendUnavailable, match=r"translator\.url.* or a GGUF file"):
        factory.load_backend(settings(backend="llm"), english_to_japanese)
    with pytest.raises(BackendUnavailable, match=r"get it with: voicectl models pull nobody/model/q4\.gguf"):
        factory.load_backend(settings(model="nobody/model/q4.gguf"), english_to_japanese)
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with pytest.raises(BackendUnavailable, match=r"pip install 'voicectl\[llm\]'"):
        factory.load_backend(settings(model=str(tmp_path / "m.gguf")), english_to_japanese)


def test_a_gguf_file_is_run_in_this_process(
    tmp_path: Path, settings: Settings, english_to_japanese: LanguageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for llama-cpp-python, which takes minutes to build: its interface as its version 0.3 has it."""
    loaded: dict[str, object] = {}

    class Llama:
        def __init__(self, **options: object) -> None:
            loaded.update(options)

        def create_chat_completion(
            self, messages: list[dict[str, str]], *, temperature: float, max_tokens: int
        ) -> dict[str, object]:
            return _completion(ANSWERS.get(messages[-1]["content"], "はい。"))

        def close(self) -> None:
            loaded.clear()

    stand_in = types.ModuleType("llama_cpp")
    stand_in.Llama = Llama
    monkeypatch.setitem(sys.modules, "llama_cpp", stand_in)
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF")
    backend = factory.load_backend(settings(model=str(path)), english_to_japanese)
    assert (loaded["model_path"], loaded["n_gpu_layers"], loaded["n_threads"]) == (str(path), 0, 1)
    assert backend.translate([Source("Run make test now.", CODE)])[0].text == "今すぐmake testを実行します。"
    backend.close()
    assert loaded == {}
