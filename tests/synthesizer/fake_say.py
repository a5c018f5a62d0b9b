"""Stands in for macOS's ``say`` command: the same command line, a tone instead of speech.

Options are those of its manual: ``-v VOICE`` (``?`` lists them), ``-r WORDS_PER_MINUTE``, ``-f FILE`` (``-`` is the
standard input), ``-o FILE``, ``--file-format``, ``--data-format``. A text that holds "fail" is refused, one that holds
"mute" makes no file. ``FAKE_SAY_LOG`` names a file that gets the text and the rate of each sentence.
"""

import argparse
import math
import os
import struct
import sys
import wave
from pathlib import Path

LISTING = """\
Albert              en_US    # Hello! My name is Albert.
Bad News            en_US    # Hello! My name is Bad News.
Daniel              en_GB    # Hello! My name is Daniel.
Eddy (German (Germany)) de_DE    # Hallo! Ich heiße Eddy.
Anna                de_DE    # Hallo! Ich heiße Anna.
Kyoko               ja_JP    # こんにちは! 私の名前はKyokoです。
Kyoko (Enhanced)    ja_JP    # こんにちは! 私の名前はKyokoです。
Majed               ar_001   # مرحبًا! اسمي Majed.
Samantha            en_US    # Hello! My name is Samantha.
"""
NAMES = [line.partition("#")[0].rsplit(maxsplit=1)[0] for line in LISTING.splitlines()]
RATE = 22_050


def main() -> int:
    """Do what ``say`` does; return its exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-v", required=True)
    parser.add_argument("-r", type=int)
    parser.add_argument("-f", choices=["-"])
    parser.add_argument("-o", type=Path)
    parser.add_argument("--file-format", choices=["WAVE"])
    parser.add_argument("--data-format", choices=[f"LEI16@{RATE}"])
    options = parser.parse_args()
    if options.v == "?":
        sys.stdout.buffer.write(LISTING.encode())
        return 0
    if options.v not in NAMES:
        print(f"Voice `{options.v}' not found.", file=sys.stderr)
        return 1
    text = sys.stdin.buffer.read().decode()
    if log := os.environ.get("FAKE_SAY_LOG"):
        Path(log).write_text(f"{options.v}|{options.r}|{text}", encoding="utf-8")
    if "fail" in text:
        print("Speaking failed: -241", file=sys.stderr)
        return 1
    if "mute" not in text:
        speak(options.o, seconds=len(text.split()) * 60 / options.r)
    return 0


def speak(path: Path, seconds: float) -> None:
    """Write a tone with a quarter of a second of silence on each side."""
    silence = [0] * (RATE // 4)
    tone = [round(16_000 * math.sin(2 * math.pi * 220 * i / RATE)) for i in range(round(seconds * RATE))]
    samples = [*silence, *tone, *silence]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


if __name__ == "__main__":
    sys.exit(main())
