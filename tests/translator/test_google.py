"""Google: the real client library against a local server with Google's page."""

import html
from collections.abc import Callable

import pytest
from http_fake import Asked, serving

from voicectl.actors.translator import factory
from voicectl.actors.translator.backend import Source
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable
from voicectl.protocol.message import Span

constants = pytest.importorskip("deep_translator.constants")

Settings = Callable[..., TranslatorSettings]


def _page(asked: Asked) -> tuple[int, str]:
    answers = {"Run ⟦0⟧ now.": "今すぐ⟦0⟧を実行します。"}
    text = answers.get(asked.query["q"], "はい。")
    return 200, f'<html><body><div class="result-container">{html.escape(text)}</div></body></html>'


def test_a_sentence_comes_back_with_its_span(
    settings: Settings, english_to_japanese: LanguageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The languages are asked for by Google's own codes."""
    with serving(_page) as (url, asked):
        monkeypatch.setitem(constants.BASE_URLS, "GOOGLE_TRANSLATE", url)
        backend = factory.load_backend(settings(), english_to_japanese, "google")
        [result] = backend.translate([Source("Run make test now.", (Span(kind="code", text="make test"),))])
        chinese = factory.load_backend(settings(), LanguageSettings(source="nb", target="zh-TW"), "google")
        chinese.translate([Source("Hei.")])
    assert (result.text, result.notes) == ("今すぐmake testを実行します。", ())
    assert (asked[0].query["sl"], asked[0].query["tl"]) == ("en", "ja")
    assert (asked[-1].query["sl"], asked[-1].query["tl"]) == ("no", "zh-TW")


@pytest.mark.parametrize("status", [429, 500])
def test_a_refusal_is_an_error_of_the_sentence(
    settings: Settings, english_to_japanese: LanguageSettings, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """One line, so that the next backend takes over."""
    with serving(lambda asked: (status, "")) as (url, _):
        monkeypatch.setitem(constants.BASE_URLS, "GOOGLE_TRANSLATE", url)
        backend = factory.load_backend(settings(), english_to_japanese, "google")
        with pytest.raises(BackendError, match="Google did not translate") as caught:
            backend.translate([Source("Hello.")])
    assert "\n" not in str(caught.value)


def test_a_server_that_never_answers_is_given_up(
    settings: Settings, english_to_japanese: LanguageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library itself would wait without end."""
    import threading

    from voicectl.actors.translator import google

    over = threading.Event()
    monkeypatch.setattr(google, "_TIMEOUT_S", 0.05)
    with serving(lambda asked: (200, str(over.wait(60)))) as (url, _):
        monkeypatch.setitem(constants.BASE_URLS, "GOOGLE_TRANSLATE", url)
        backend = factory.load_backend(settings(), english_to_japanese, "google")
        with pytest.raises(BackendError, match="has not answered"):
            backend.translate([Source("Hello.")])
        over.set()


def test_a_language_that_google_lacks_is_named(settings: Settings) -> None:
    """With what to use instead."""
    with pytest.raises(BackendUnavailable, match=r"does not translate kbp; use translator\.backend=nllb"):
        factory.load_backend(settings(), LanguageSettings(source="en", target="kbp"), "google")


def test_without_its_library_the_line_says_what_to_install(
    settings: Settings, english_to_japanese: LanguageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extra of its own."""
    monkeypatch.setattr(factory, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailable, match=r"pip install 'voicectl\[google\]'"):
        factory.load_backend(settings(), english_to_japanese, "google")
