"""How long each translator takes for one sentence and how much memory it needs, against plain transformers.

Every case runs in a process of its own, one sentence at a time, after each sentence was translated once. No public
checkpoint is needed: a model of a known shape is made on the spot. Its weights are random but for its last layer, which
learns these sentences by heart, so that every backend has the same Japanese to write and ends where the sentence ends.
``--full`` takes the shape of NLLB-200-distilled-600M (5 GB of disk, some minutes), else it is one of 20 M parameters.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

PAIRS = (
    ("I have read the configuration file, and it does not set a timeout for the connection.",
     "設定ファイルを読みましたが、接続のタイムアウトは設定されていません。"),
    ("The tests passed on my machine, but one of them fails when they run in parallel.",
     "手元の環境ではテストが通りましたが、並列に実行すると一つが失敗します。"),
    ("Next, I will look at the function that writes the log and check its arguments.",
     "次に、ログを書き込む関数を調べて、引数を確認します。"),
    ("The server returns an error because the session has already been closed.",
     "セッションがすでに閉じられているため、サーバーはエラーを返します。"),
    ("I changed three files and added a test for the case that was missing before.",
     "三つのファイルを変更し、以前は足りなかった場合のテストを追加しました。"),
    ("This takes a few minutes, because all of the dependencies have to be installed again.",
     "依存関係をすべて再インストールする必要があるため、数分かかります。"),
    ("The problem is not in the parser but in the code that calls it with an empty list.",
     "問題はパーサーではなく、空のリストを渡して呼び出すコードにあります。"),
    ("Please tell me whether you want to keep the old behavior or to replace it.",
     "古い動作を残すか、それとも置き換えるか、教えてください。"),
)  # fmt: skip
WIDTHS = {  # encoder layers, decoder layers, width, feed-forward, heads, vocabulary
    "21M": (6, 2, 384, 1536, 6, 16_000),
    "NLLB-600M": (12, 12, 1024, 4096, 16, 256_000),
}
STEPS, RATE, ENOUGH, VOCABULARY_SAMPLE = 300, 2e-3, 0.02, 8000


class Case(NamedTuple):
    """What is measured: its name in the table, the backend (``plain``: transformers alone), a folder, settings."""

    name: str
    backend: str
    folder: str
    settings: tuple[str, ...] = ()


class Figures(NamedTuple):
    """What one case takes.

    ``median`` and ``p95`` are milliseconds for one sentence, ``cpu`` the median of processor time alone, which a busy
    machine hardly changes; ``exact`` is how many sentences came out as they were learnt.
    """

    median: float
    p95: float
    cpu: float
    load_s: float
    now_mb: float
    peak_mb: float
    exact: int


def make_model(folder: Path, shape: str) -> None:
    """Write a model that knows PAIRS into ``folder/nllb`` in NLLB's file form, and into ``folder/ct2`` as int8."""
    import torch
    from ctranslate2.converters import TransformersConverter
    from train_starter.tokens import SPM, write_tokenizer
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    from voicectl.models.store import STARTER

    encoder, decoder, width, feed_forward, heads, vocabulary = WIDTHS[shape]
    torch.manual_seed(1)
    tokenizer = write_tokenizer(STARTER / SPM, folder / "nllb", vocabulary)
    config = M2M100Config(
        vocab_size=len(tokenizer), d_model=width, encoder_layers=encoder, decoder_layers=decoder,
        encoder_ffn_dim=feed_forward, decoder_ffn_dim=feed_forward, encoder_attention_heads=heads,
        decoder_attention_heads=heads, dropout=0.0, attention_dropout=0.0, activation_dropout=0.0,
        encoder_layerdrop=0.0, decoder_layerdrop=0.0, decoder_start_token_id=2, max_position_embeddings=1024,
    )  # fmt: skip
    model = M2M100ForConditionalGeneration(config).eval()
    learn_by_heart(model, tokenizer)
    model.generation_config.update(max_length=200, decoder_start_token_id=2)
    model.save_pretrained(folder / "nllb")
    del model
    TransformersConverter(str(folder / "nllb"), copy_files=[SPM]).convert(str(folder / "ct2"), quantization="int8")


def learn_by_heart(model: Any, tokenizer: Any) -> None:
    """Train the last layer of the decoder on PAIRS; what goes into it is computed once.

    Of a large vocabulary the loss sees the tokens of PAIRS and some thousand others: enough to tell them apart.
    """
    import torch
    from torch.nn import functional

    source = tokenizer([english for english, _ in PAIRS], padding=True, return_tensors="pt")
    target = tokenizer(text_target=[japanese for _, japanese in PAIRS], padding=True, return_tensors="pt")["input_ids"]
    shifted = torch.cat([torch.full_like(target[:, :1], 2), target[:, :-1]], 1)
    decoder = model.model.decoder
    last, given = decoder.layers[-1], []
    hook = last.register_forward_pre_hook(lambda _, args, kwargs: given.append((args, kwargs)), with_kwargs=True)
    with torch.no_grad():
        model.model(**source, decoder_input_ids=shifted, use_cache=False)
    hook.remove()
    args, kwargs = given[0]
    kept = target != tokenizer.pad_token_id
    others = torch.arange(0, len(tokenizer), max(1, len(tokenizer) // VOCABULARY_SAMPLE))
    tokens = torch.unique(torch.cat([target[kept], others]))
    head, labels = model.lm_head.weight.detach()[tokens], torch.searchsorted(tokens, target[kept])
    optimizer = torch.optim.Adam(last.parameters(), lr=RATE)
    for _ in range(STEPS):
        output = last(*args, **kwargs)
        hidden = decoder.layer_norm(output[0] if isinstance(output, tuple) else output)
        loss = functional.cross_entropy(functional.linear(hidden[kept], head), labels)
        if loss.item() < ENOUGH:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def load_plain(folder: str, threads: int) -> Callable[[str], str]:
    """Return plain ``generate`` of transformers: greedy, float32."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    torch.set_num_threads(threads)
    tokenizer = AutoTokenizer.from_pretrained(folder, src_lang="eng_Latn", local_files_only=True)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    target = tokenizer.convert_tokens_to_ids("jpn_Jpan")

    def translate(text: str) -> str:
        with torch.inference_mode():
            output = model.generate(
                **tokenizer(text, return_tensors="pt"), forced_bos_token_id=target, do_sample=False, num_beams=1
            )
        return str(tokenizer.batch_decode(output, skip_special_tokens=True)[0])

    return translate


def load_ours(case: Case, threads: int) -> Callable[[str], str]:
    """Return one of voicectl's backends."""
    from voicectl.actors.translator.backend import Source
    from voicectl.actors.translator.factory import load_backend
    from voicectl.config.load import load_settings

    own = [f"translator.threads={threads}", "translator.device=cpu", f"translator.backend={case.backend}"]
    model = [f"translator.model={case.folder}"] if case.folder else []
    settings = load_settings(overrides=[*own, *model, *case.settings]).settings
    backend = load_backend(settings.translator, settings.language)
    return lambda text: backend.translate([Source(text)])[0].text


def measure(case: Case, rounds: int, threads: int) -> Figures:
    """Load a case in this process and translate every sentence ``rounds`` times, after a first time."""
    begun = time.perf_counter()
    translate = load_plain(case.folder, threads) if case.backend == "plain" else load_ours(case, threads)
    load_s = time.perf_counter() - begun
    exact = sum(translate(english) == japanese for english, japanese in PAIRS)
    took, worked = [], []
    for _ in range(rounds):
        for english, _ in PAIRS:
            begun, busy = time.perf_counter(), time.process_time()
            translate(english)
            took.append(1000 * (time.perf_counter() - begun))
            worked.append(1000 * (time.process_time() - busy))
    # Kilobytes on Linux, bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
    now = psutil.Process().memory_info().rss / 1e6
    p95 = statistics.quantiles(took, n=20)[-1]
    return Figures(statistics.median(took), p95, statistics.median(worked), load_s, now, peak, exact)


def child(*arguments: str) -> str:
    """Run this program in a process of its own and return the last line that it prints."""
    env = {**os.environ, "OMP_WAIT_POLICY": "passive", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip().rpartition("\n")[2]


def main() -> None:
    """Make the model, measure every case, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the shape of NLLB-200-distilled-600M")
    parser.add_argument("--rounds", type=int, default=5, help="how often each of the 8 sentences is translated")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--make", nargs=2, metavar=("FOLDER", "SHAPE"), help=argparse.SUPPRESS)
    parser.add_argument("--measure", metavar="CASE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make_model(Path(options.make[0]), options.make[1])
    elif options.measure:
        case = Case(*json.loads(options.measure))
        print(json.dumps(measure(case, options.rounds, options.threads)))
    else:
        compare("NLLB-600M" if options.full else "21M", options.rounds, options.threads)


def compare(shape: str, rounds: int, threads: int) -> None:
    """Print one line for each case, each against plain ``generate``."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}; {threads} thread(s), {rounds} rounds of {len(PAIRS)} sentences\n")
    print("| model | backend | median ms | p95 ms | CPU ms | against plain | load s | MB now | MB peak | exact |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="vcbench-") as folder:
        child("--make", folder, shape)
        nllb, ct2 = f"{folder}/nllb", f"{folder}/ct2"
        cases = [
            Case(shape, "plain", nllb),
            Case(shape, "nllb", nllb),
            Case(shape, "ctranslate2", ct2),
            Case("starter", "starter", ""),
        ]
        plain = 0.0
        for case in cases:
            told = child("--measure", json.dumps(case), "--rounds", str(rounds), "--threads", str(threads))
            each = Figures(*json.loads(told))
            plain = plain or each.cpu
            gain = f"{plain / each.cpu:.1f}×" if case.name == shape else ""
            exact = f"{each.exact}/{len(PAIRS)}" if case.name == shape else ""
            times = " | ".join(f"{ms:.1f}" for ms in (each.median, each.p95, each.cpu))
            memory = f"{each.now_mb:.0f} | {each.peak_mb:.0f}"
            print(f"| {case.name} | {case.backend} | {times} | {gain} | {each.load_s:.1f} | {memory} | {exact} |")


if __name__ == "__main__":
    main()
