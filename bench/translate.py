"""How long each translator takes for one sentence and how much memory it needs, against plain transformers.

Every case runs in a process of its own, one sentence at a time and then all at once, after each sentence was translated
once. No public checkpoint is needed: a model of a known shape is made on the spot. Its weights are random but for its
last layer, which learns these sentences by heart (about 20 tokens in, 25 out), so that every backend has the same
Japanese to write and ends where the sentence ends. ``--full`` takes the shape of NLLB-200-distilled-600M (3 GB of disk,
some minutes), else it is one of 20 M parameters. ``--device cuda`` (or ``mps``) measures there instead of on the CPU;
the baseline is then plain ``generate`` on that device, in the same dtype.
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
    ("I have read the configuration file, and it does not set a timeout for the connection to the server.",
     "設定ファイルを読みましたが、サーバーへの接続のタイムアウトは設定されていないので、応答がないと処理がずっと止まったままになる可能性があります。"),
    ("The tests passed on my machine, but one of them fails when they all run in parallel there.",
     "手元の環境ではすべてのテストが通りましたが、別の環境で並列に実行すると一つが失敗するので、原因を調べます。"),
    ("Next, I will look at the function that writes the log and check which arguments it is given.",
     "次に、ログを書き込む関数を調べて、どの引数が渡されているかを確認し、必要であればテストを追加してから修正します。"),
    ("The server returns an error because the session has already been closed by the other side.",
     "相手側によってセッションがすでに閉じられているため、サーバーはエラーを返しますが、もう一度接続すれば問題なく動作します。"),
    ("I changed three files and added a test for the case that was missing before, and it passes.",
     "三つのファイルを変更し、以前は足りなかった場合のテストを追加したところ、すべてのテストが問題なく通るようになりました。"),
    ("This takes a few minutes, because all of the dependencies have to be installed again first.",
     "最初に依存関係をすべて再インストールする必要があるため、数分かかりますが、その間もほかのファイルを確認できます。"),
    ("The problem is not in the parser but in the code that calls it with an empty list of names.",
     "問題はパーサーではなく、名前の空のリストを渡して呼び出すコードにあるので、そちらを修正して、テストを追加します。"),
    ("Please tell me whether you want to keep the old behavior or to replace it with the new one.",
     "古い動作をそのまま残すか、それとも新しい動作に置き換えるか、どちらがよいかを教えていただければ、そのように変更します。"),
)  # fmt: skip
WIDTHS = {  # encoder layers, decoder layers, width, feed-forward, heads, vocabulary
    "21M": (6, 2, 384, 1536, 6, 16_000),
    "NLLB-600M": (12, 12, 1024, 4096, 16, 256_000),
}
STEPS, RATE, ENOUGH, VOCABULARY_SAMPLE = 300, 2e-3, 0.02, 8000


Translate = Callable[[list[str]], list[str]]
"""Translates sentences together."""


class Case(NamedTuple):
    """What is measured: a model's name, what translates, the backend, a folder, settings.

    The backend ``plain`` is transformers alone, ``all pieces`` int8 on the CPU without a shortlist.
    """

    name: str
    label: str
    backend: str
    folder: str
    device: str
    settings: tuple[str, ...] = ()


class Figures(NamedTuple):
    """What one case takes.

    ``median`` and ``p95`` are milliseconds for one sentence, ``cpu`` the median of processor time alone, which a busy
    machine hardly changes; ``batch`` are milliseconds a sentence when all come at once; ``gpu_mb`` is the most memory
    of a CUDA device; ``exact`` is how many sentences came out as they were learnt.
    """

    median: float
    p95: float
    cpu: float
    batch: float
    load_s: float
    now_mb: float
    peak_mb: float
    gpu_mb: float
    exact: int


def make_model(folder: Path, shape: str) -> None:
    """Write a model that knows PAIRS into ``folder`` in NLLB's file form."""
    import torch
    from train_starter.tokens import SPM, write_tokenizer
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    from voicectl.models.store import STARTER

    encoder, decoder, width, feed_forward, heads, vocabulary = WIDTHS[shape]
    torch.manual_seed(1)
    tokenizer = write_tokenizer(STARTER / SPM, folder, vocabulary)
    config = M2M100Config(
        vocab_size=len(tokenizer), d_model=width, encoder_layers=encoder, decoder_layers=decoder,
        encoder_ffn_dim=feed_forward, decoder_ffn_dim=feed_forward, encoder_attention_heads=heads,
        decoder_attention_heads=heads, dropout=0.0, attention_dropout=0.0, activation_dropout=0.0,
        encoder_layerdrop=0.0, decoder_layerdrop=0.0, decoder_start_token_id=2, max_position_embeddings=1024,
    )  # fmt: skip
    model = M2M100ForConditionalGeneration(config).eval()
    learn_by_heart(model, tokenizer)
    model.generation_config.update(max_length=200, decoder_start_token_id=2)
    model.save_pretrained(folder)


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


def load_plain(case: Case, threads: int) -> Translate:
    """Return plain ``generate`` of transformers, greedy; on CUDA in float16, as the backend."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    torch.set_num_threads(threads)
    dtype = torch.float16 if case.device.startswith("cuda") else torch.float32
    tokenizer = AutoTokenizer.from_pretrained(case.folder, src_lang="eng_Latn", local_files_only=True)
    model = AutoModelForSeq2SeqLM.from_pretrained(case.folder, dtype=dtype, local_files_only=True)
    model.to(case.device).eval()
    target = tokenizer.convert_tokens_to_ids("jpn_Jpan")

    def translate(texts: list[str]) -> list[str]:
        inputs = tokenizer(texts, padding=True, return_tensors="pt").to(case.device)
        with torch.inference_mode():
            output = model.generate(**inputs, forced_bos_token_id=target, do_sample=False, num_beams=1)
        return list(tokenizer.batch_decode(output, skip_special_tokens=True))

    return translate


def load_ours(case: Case, threads: int) -> Translate:
    """Return one of voicectl's backends."""
    from voicectl.actors.translator.backend import Source
    from voicectl.actors.translator.ctranslate2 import CTranslate2Backend
    from voicectl.actors.translator.factory import load_backend
    from voicectl.config.load import load_settings

    name = "nllb" if case.backend == "all pieces" else case.backend
    own = [f"translator.threads={threads}", f"translator.device={case.device}", f"translator.backend={name}"]
    model = [f"translator.model={case.folder}"] if case.folder else []
    settings = load_settings(overrides=[*own, *model, *case.settings]).settings
    if case.backend == "all pieces":
        from voicectl.models.convert import convert

        backend: Any = CTranslate2Backend(
            convert(Path(case.folder)), settings.translator, settings.language, worthwhile=sys.maxsize
        )
    else:
        backend = load_backend(settings.translator, settings.language)
    return lambda texts: [result.text for result in backend.translate([Source(text) for text in texts])]


def measure(case: Case, rounds: int, threads: int) -> Figures:
    """Load a case in this process and translate every sentence ``rounds`` times, after a first time."""
    begun = time.perf_counter()
    translate = load_plain(case, threads) if case.backend == "plain" else load_ours(case, threads)
    load_s = time.perf_counter() - begun
    texts = [english for english, _ in PAIRS]
    exact = sum(translate([english]) == [japanese] for english, japanese in PAIRS)
    took, worked, together = [], [], []
    for _ in range(rounds):
        for english in texts:
            begun, busy = time.perf_counter(), time.process_time()
            translate([english])
            took.append(1000 * (time.perf_counter() - begun))
            worked.append(1000 * (time.process_time() - busy))
    for _ in range(1 + rounds):
        begun = time.perf_counter()
        translate(texts)
        together.append(1000 * (time.perf_counter() - begun) / len(texts))
    # Kilobytes on Linux, bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
    return Figures(
        median=statistics.median(took),
        p95=statistics.quantiles(took, n=20)[-1],
        cpu=statistics.median(worked),
        batch=statistics.median(together[1:]),
        load_s=load_s,
        now_mb=psutil.Process().memory_info().rss / 1e6,
        peak_mb=peak,
        gpu_mb=gpu_memory() if case.device.startswith("cuda") else 0.0,
        exact=exact,
    )


def gpu_memory() -> float:
    """Return the most memory, in MB, that torch has taken of its CUDA device."""
    import torch

    return torch.cuda.max_memory_reserved() / 1e6


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
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or mps")
    parser.add_argument("--rounds", type=int, default=5, help="how often each of the 8 sentences is translated")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--make", nargs=2, metavar=("FOLDER", "SHAPE"), help=argparse.SUPPRESS)
    parser.add_argument("--convert", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--measure", metavar="CASE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make_model(Path(options.make[0]), options.make[1])
    elif options.convert:
        from voicectl.models.convert import convert

        convert(Path(options.convert))
    elif options.measure:
        case = Case(*json.loads(options.measure))
        print(json.dumps(measure(case, options.rounds, options.threads)))
    else:
        compare("NLLB-600M" if options.full else "21M", options.device, options.rounds, options.threads)


def compare(shape: str, device: str, rounds: int, threads: int) -> None:
    """Print one line for each case, each against plain ``generate``: in CPU time on a CPU, else in median time."""
    print(f"{machine(device)}; {threads} thread(s), {rounds} rounds of {len(PAIRS)} sentences\n")
    print(
        "| model | backend | median ms | p95 ms | CPU ms | against plain | 8 at once, ms each | load s | MB now |",
        end="",
    )
    print(" MB peak | GPU MB | exact |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="vcbench-") as folder:
        child("--make", folder, shape)
        plain = 0.0
        for case in cases(shape, folder, device):
            told = child("--measure", json.dumps(case), "--rounds", str(rounds), "--threads", str(threads))
            each = Figures(*json.loads(told))
            decisive = each.cpu if device == "cpu" else each.median
            plain = plain or decisive
            gain = f"{plain / decisive:.1f}×" if case.name == shape else ""
            exact = f"{each.exact}/{len(PAIRS)}" if case.name == shape else ""
            times = " | ".join(f"{ms:.1f}" for ms in (each.median, each.p95, each.cpu))
            memory = f"{each.load_s:.1f} | {each.now_mb:.0f} | {each.peak_mb:.0f} | {each.gpu_mb:.0f}"
            print(
                f"| {case.name} | {case.label} | {times} | {gain} | {each.batch:.1f} | {memory} | {exact} |", flush=True
            )


def machine(device: str) -> str:
    """Return what is measured on."""
    told = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    if not device.startswith("cuda"):
        return told
    import torch

    return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}, {told}"


def cases(shape: str, folder: str, device: str) -> list[Case]:
    """Return what is compared on a device, the baseline first."""
    plain = Case(shape, "plain `generate`", "plain", folder, device)
    if device != "cpu":
        return [plain, Case(shape, "nllb", "nllb", folder, device)]
    return [
        plain,
        Case(shape, "nllb, dtype=float32", "nllb", folder, device, ("translator.dtype=float32",)),
        Case(shape, "int8, all pieces", "all pieces", folder, device),
        Case(shape, "nllb (int8)", "nllb", folder, device),
        Case("starter", "starter", "starter", "", device),
    ]


if __name__ == "__main__":
    main()
