"""Numbers with what belongs to them: units, signs, dates, times, versions, amounts.

The digits themselves are left to Open JTalk, which knows the sound changes (300 サンビャク, 10分 ジュップン).
"""

import re
from collections.abc import Callable

from voicectl.actors.synthesizer.readings.letters import spelled

_UNITS = {
    "ns": "ナノ秒",
    "us": "マイクロ秒",
    "µs": "マイクロ秒",
    "μs": "マイクロ秒",
    "ms": "ミリ秒",
    "s": "秒",
    "sec": "秒",
    "secs": "秒",
    "min": "分",
    "mins": "分",
    "h": "時間",
    "hr": "時間",
    "hrs": "時間",
    "d": "日",
    "B": "バイト",
    "KB": "キロバイト",
    "kB": "キロバイト",
    "MB": "メガバイト",
    "GB": "ギガバイト",
    "TB": "テラバイト",
    "PB": "ペタバイト",
    "KiB": "キビバイト",
    "MiB": "メビバイト",
    "GiB": "ギビバイト",
    "TiB": "テビバイト",
    "bit": "ビット",
    "bits": "ビット",
    "bytes": "バイト",
    "kbps": "キロビーピーエス",
    "Mbps": "メガビーピーエス",
    "Gbps": "ギガビーピーエス",
    "KB/s": "キロバイト毎秒",
    "MB/s": "メガバイト毎秒",
    "GB/s": "ギガバイト毎秒",
    "req/s": "リクエスト毎秒",
    "tok/s": "トークン毎秒",
    "Hz": "ヘルツ",
    "kHz": "キロヘルツ",
    "MHz": "メガヘルツ",
    "GHz": "ギガヘルツ",
    "dB": "デシベル",
    "fps": "フレーム毎秒",
    "rpm": "回転毎分",
    "px": "ピクセル",
    "pt": "ポイント",
    "dpi": "ディーピーアイ",
    "mm": "ミリメートル",
    "cm": "センチメートル",
    "km": "キロメートル",
    "mg": "ミリグラム",
    "g": "グラム",
    "kg": "キログラム",
    "W": "ワット",
    "kW": "キロワット",
    "V": "ボルト",
    "mA": "ミリアンペア",
    "°C": "度",
    "%": "パーセント",
}
_JOINED = {"m": "分", "x": "倍", "k": "ケー", "K": "ケー", "M": "メガ", "G": "ギガ", "B": "ビー"}
"""Units where they touch the number: ``5m``, ``2x``, ``10k``, ``8B``, which may be bytes or billions."""

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_TOUCHING = "|".join(re.escape(unit) for unit in sorted(_UNITS | _JOINED, key=len, reverse=True))

SPACED = (
    rf"(?<![\w.,])[-+~]?{_NUMBER}[ \u00a0](?:{_UNIT})(?![\w/])"
    r"|(?<![\w.,])\d{1,2}(?:[:.]\d{2})?\ ?[aApP](?:\.[mM]\.|[mM](?!\w))"
)
"""What is one number although there may be a space in it: ``120 ms``, ``3.30 p.m.``"""

_SIGNS = {"-": "マイナス", "+": "プラス", "~": "約", "": ""}
_BOUNDS = {">=": "以上", "<=": "以下", ">": "より大きい", "<": "未満"}


def numeric(text: str) -> str | None:
    """Return what is said for a text that is a number of some kind as a whole, else None."""
    if not re.search(r"\d", text):
        return None
    for pattern, reading in _RULES:
        if match := pattern.fullmatch(text):
            return reading(match)
    return None


def _plain(number: str) -> str:
    """Return a number without the commas between its thousands."""
    return number.replace(",", "")


def _date(match: re.Match[str]) -> str:
    year, month, day = (int(match[name]) for name in ("year", "month", "day"))
    rest = match["time"]
    return f"{year}年{month}月{day}日{(numeric(rest) or '') if rest else ''}"


def _time(match: re.Match[str]) -> str:
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    said = f"{hour}時"
    if minute or second:
        said += f"{minute}分"
    return said + (f"{second}秒" if second else "")


def _half_day(match: re.Match[str]) -> str:
    minute = int(match[2] or 0)
    half = "午前" if match[3] in "aA" else "午後"
    return f"{half}{int(match[1]) % 12}時" + (f"{minute}分" if minute else "")


def _version(match: re.Match[str]) -> str:
    said = ("バージョン" if match["v"] else "") + match["numbers"].replace(".", "点")
    if match["stage"]:
        stage = {"rc": "アールシー", "a": "アルファ", "alpha": "アルファ", "b": "ベータ", "beta": "ベータ"}.get(
            match["stage"].lower(), "デブ"
        )
        said += f" {stage}{match['step']}"
    return said


def _power(match: re.Match[str]) -> str:
    mantissa, exponent = match[1], int(match[2])
    power = f"10の{'マイナス' if exponent < 0 else ''}{abs(exponent)}乗"
    return power if mantissa == "1" else f"{mantissa}かける{power}"


def _measure(match: re.Match[str]) -> str:
    unit = match["unit"]
    said = _UNITS.get(unit) if match["gap"] else _JOINED.get(unit)
    return f"{_SIGNS[match['sign']]}{_plain(match['number'])}{said or _UNITS.get(unit) or _JOINED[unit]}"


def _span(match: re.Match[str]) -> str:
    unit = match["unit"]
    said = f"{_plain(match[1])}から{_plain(match[2])}"
    return said + (_JOINED.get(unit) or _UNITS[unit] if unit else "")


def _durations(match: re.Match[str]) -> str:
    parts = re.findall(rf"({_NUMBER})([a-z]+)", match[0])
    return "".join(f"{number}{_JOINED.get(unit) or _UNITS[unit]}" for number, unit in parts)


_Reading = Callable[[re.Match[str]], str]
_CLOCK = r"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?"
_RULES: tuple[tuple[re.Pattern[str], _Reading], ...] = tuple(
    (re.compile(pattern, re.ASCII), reading)
    for pattern, reading in (
        (r"\d+(?:\.\d+)?", lambda match: match[0] if len(match[0]) <= 16 else spelled(match[0])),
        (
            r"(?P<year>\d{4})([-/])(?P<month>0?[1-9]|1[0-2])\2(?P<day>0?[1-9]|[12]\d|3[01])"
            rf"(?:T(?P<time>{_CLOCK})(?:\.\d+)?(?:Z|[-+]\d\d:?\d\d)?)?",
            _date,
        ),
        (r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?", _time),
        (r"(\d{1,2})(?:[:.](\d{2}))?\ ?([aApP])\.?[mM]\.?", _half_day),
        (
            r"(?P<v>[vV])?(?P<numbers>(?(v)\d+(?:\.\d+)*|\d+(?:\.\d+){2,}))"
            r"(?:[-.]?(?P<stage>rc|alpha|beta|dev|a|b)[-.]?(?P<step>\d*))?",
            _version,
        ),
        (r"(\d+(?:\.\d+)?)[eE]([-+]?\d{1,4})", _power),
        (rf"(?P<sign>[-+~]?)(?P<number>{_NUMBER})(?P<gap>[ \u00a0]?)(?P<unit>{_TOUCHING})", _measure),
        (r"(?:\d+(?:h|min|ms|m|s|d))+", _durations),
        (rf"([-+~])({_NUMBER})", lambda match: _SIGNS[match[1]] + _plain(match[2])),
        (r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", lambda match: _plain(match[0])),
        (rf"(>=|<=|>|<)({_NUMBER})", lambda match: match[2] + _BOUNDS[match[1]]),
        (rf"({_NUMBER})\+", lambda match: f"{_plain(match[1])}以上"),
        (rf"({_NUMBER})[-~]({_NUMBER})[ \u00a0]?(?P<unit>{_TOUCHING})?", _span),
        (r"(\d+)/([1-9]\d*)", lambda match: f"{match[2]}分の{match[1]}"),
        (r"(\d+)[xX](\d+)", lambda match: f"{match[1]}かける{match[2]}"),
        (rf"\$({_NUMBER})", lambda match: f"{_plain(match[1])}ドル"),
        (r"#(\d+)", lambda match: f"{match[1]}番"),
        (r"No\.(\d+)", lambda match: f"ナンバー{match[1]}"),
        (r"L(\d+)", lambda match: f"{match[1]}行目"),
        (r"L(\d+)-L?(\d+)", lambda match: f"{match[1]}行目から{match[2]}行目"),
        (r"(\d+)(?:st|nd|rd|th)", lambda match: f"{match[1]}番目"),
        (r"0([xXbBoO])([0-9a-fA-F_]+)", lambda match: f"ゼロ{spelled(match[1])}{spelled(match[2])}"),
        (
            r"([0-9a-fA-F]{8})-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
            lambda match: spelled(match[1]),
        ),
    )
)
