"""Language models as translators: an OpenAI-compatible server, or a GGUF file through llama-cpp-python."""

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from voicectl.actors import languages
from voicectl.actors.translator import guarded
from voicectl.actors.translator.backend import Result, Source, first_line
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models import store
from voicectl.protocol.errors import BackendError, BackendUnavailable

_PROMPT = """You are a translator. Translate what the user writes from {source} to {target}.
Answer with the translation alone: no explanation, no quotation marks, no other language.
It is a message of a software assistant to its user; where the language has it, be polite.
Copy markers such as ⟦0⟧ exactly as they are, each one once, where they belong in the sentence. Keep all numbers."""
_CAREFUL = "\nStay close to the text, leave nothing out and add nothing."
_MAX_TOKENS = 600
_TIMEOUT_S = 15.0
_FIRST_TIMEOUT_S = 90.0
"""Local servers load the model when they are first asked."""
_AT_ONCE = 4
"""Requests on their way at the same time: servers batch them."""
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_QUOTED = re.compile(r'(["“「\'])(.*)(["”」\'])', re.DOTALL)


class Chat(Protocol):
    """Something that answers a chat of messages with a text."""

    device: str

    def answer(self, messages: Sequence[dict[str, str]]) -> str:
        """Return the answer, the most likely one.

        Raises:
            BackendError: there is none.
        """
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class LlmBackend:
    """Translates by asking a language model, one sentence a chat.

    Attributes:
        device: where the model runs, ``server`` for one behind a URL.
        max_pieces: the longest source text, in words of four characters.
        placeholders: as many as there can be: the model is told to copy them.

    Raises:
        BackendUnavailable: a package, the file or the server is missing.
    """

    name = "llm"
    max_pieces = 200
    placeholders = 1000

    def __init__(self, settings: TranslatorSettings, language: LanguageSettings) -> None:
        self._source, self._target = languages.flores(language.source), languages.flores(language.target)
        self._chat: Chat = Server(settings) if settings.url else GgufModel(settings)
        self.device = self._chat.device
        try:
            guarded.warm_up(self)
        except BackendError as exc:
            raise BackendUnavailable(str(exc)) from exc

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Return one result for each source, in order.

        Raises:
            BackendError: the model or the server failed.
        """
        return guarded.translate(self, batch, source=self._source, target=self._target)

    def set_source(self, code: str) -> None:
        """Take this FLORES-200 code for the language of what comes next."""
        self._source = code

    def close(self) -> None:
        """Free the model."""
        self._chat.close()

    def pieces(self, text: str) -> int:
        """Return how long ``text`` is, in words of four characters; others than ASCII count as a word."""
        return sum(4 if not c.isascii() else 1 for c in text) // 4 + 1

    def decode(self, texts: Sequence[str], *, careful: bool) -> list[str]:
        """Translate short texts; ``careful`` asks for it word by word."""
        system = _PROMPT.format(source=languages.name(self._source), target=languages.name(self._target))
        chats = [
            [{"role": "system", "content": system + _CAREFUL * careful}, {"role": "user", "content": text}]
            for text in texts
        ]
        with ThreadPoolExecutor(_AT_ONCE if self.device == "server" else 1) as pool:
            answers = pool.map(self._chat.answer, chats)
            return [_bare(text, answer) for text, answer in zip(texts, answers, strict=True)]


class Server:
    """A server that speaks OpenAI's chat completions: llama.cpp, Ollama, vLLM, LM Studio or a cloud."""

    device = "server"

    def __init__(self, settings: TranslatorSettings) -> None:
        self._url = settings.url.rstrip("/").removesuffix("/chat/completions") + "/chat/completions"
        self._model = settings.model
        self._timeout_s = _FIRST_TIMEOUT_S
        self._headers = {"Content-Type": "application/json"}
        if key := os.environ.get(settings.api_key_env):
            self._headers["Authorization"] = f"Bearer {key}"

    def answer(self, messages: Sequence[dict[str, str]]) -> str:
        """Post the chat and return the first choice.

        Raises:
            BackendError: the server cannot be reached, refuses, or says something else.
        """
        wanted = {"model": self._model, "messages": messages, "temperature": 0, "max_tokens": _MAX_TOKENS}
        request = urllib.request.Request(self._url, json.dumps(wanted).encode(), self._headers)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as response:
                answer = _content(json.load(response))
        except urllib.error.HTTPError as exc:
            exc.close()
            raise BackendError(
                f"{self._url} answered {exc.code} {exc.reason}; check translator.model and the key in "
                "the variable that translator.api_key_env names"
            ) from exc
        except (OSError, http.client.HTTPException) as exc:
            raise BackendError(f"cannot reach {self._url}: {first_line(exc)}; check translator.url") from exc
        except (ValueError, LookupError, TypeError) as exc:
            raise BackendError(f"{self._url} does not speak OpenAI's chat completions; check translator.url") from exc
        self._timeout_s = _TIMEOUT_S
        return answer

    def close(self) -> None:
        """Do nothing: the server goes on."""


class GgufModel:
    """A GGUF file in this process, by llama.cpp."""

    def __init__(self, settings: TranslatorSettings) -> None:
        if Path(settings.model).suffix != ".gguf":
            raise BackendUnavailable(
                "llm needs translator.url, e.g. http://localhost:11434/v1, or a GGUF file as translator.model"
            )
        path = store.locate_file(settings.model)
        try:
            import llama_cpp
        except ImportError as exc:
            raise BackendUnavailable("a GGUF file needs llama-cpp-python: pip install 'voicectl[llm]'") from exc
        self.device = "cpu" if settings.device == "cpu" else "auto"
        try:
            self._model: Any = llama_cpp.Llama(
                model_path=str(path),
                n_ctx=2048,
                n_threads=settings.threads or None,
                n_gpu_layers=0 if self.device == "cpu" else -1,
                verbose=False,
            )
        except (ValueError, OSError, RuntimeError) as exc:
            raise BackendUnavailable(f"cannot load {path}: {first_line(exc)}") from exc

    def answer(self, messages: Sequence[dict[str, str]]) -> str:
        """Complete the chat.

        Raises:
            BackendError: llama.cpp failed.
        """
        try:
            return _content(self._model.create_chat_completion(list(messages), temperature=0.0, max_tokens=_MAX_TOKENS))
        except (ValueError, LookupError, TypeError, RuntimeError) as exc:
            raise BackendError(f"llama.cpp failed on a sentence: {first_line(exc)}") from exc

    def close(self) -> None:
        """Free the model."""
        self._model.close()


def _content(answer: Any) -> str:
    """Return the text of a chat completion."""
    content = answer["choices"][0]["message"]["content"]
    if not isinstance(content, str):
        raise TypeError("the answer has no text")
    return content


def _bare(source: str, answer: str) -> str:
    """Return an answer without the thoughts before it and without quotation marks that the source has not."""
    text = _THOUGHTS.sub("", answer).strip()
    quoted = _QUOTED.fullmatch(text)
    if quoted and not _QUOTED.fullmatch(source.strip()):
        text = quoted.group(2).strip()
    return " ".join(text.split())
