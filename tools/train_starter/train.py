"""Trains the model for a given time; a run that was ended goes on from its last checkpoint."""

import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional
from transformers import GenerationConfig, M2M100Config, M2M100ForConditionalGeneration

from train_starter.batches import Pairs, padded
from train_starter.tokens import EOS, PAD, SPM, copy_tokenizer, write_tokenizer
from voicectl.protocol.errors import UsageError

CHECKPOINT = "checkpoint.pt"
NLLB = "nllb"
RATE = 1.2e-3
_WARM_UP_STEPS, _WARM_UP_AGAIN_STEPS = 1000, 200
"""Of a new model, and of one that begins with trained weights."""

_LAST_STAGE = 0.75
_AVERAGE_EVERY = 10


class Shape(NamedTuple):
    """The model's size: widths of layers and feed-forward nets, numbers of layers and heads."""

    width: int
    feed_forward: int
    encoder: int
    decoder: int
    heads: int


LARGE, SMALL = Shape(512, 1536, 6, 2, 8), Shape(256, 1024, 6, 2, 4)
"""For a GPU (31 M parameters, about 31 MB as int8) and for a CPU (10 M)."""


class Plan(NamedTuple):
    """How to train.

    ``minutes`` is the time for all runs together, ``steps`` a limit beside it (0: none); ``tokens`` is the size of a
    batch with its padding, ``rate`` the highest learning rate, ``save_s`` the seconds between checkpoints.
    """

    minutes: float
    steps: int = 0
    tokens: int = 8000
    rate: float = RATE
    save_s: float = 240.0
    seed: int = 1


class Outcome(NamedTuple):
    """What the training came to; ``seconds`` and ``pairs`` are those of all runs together."""

    device: str
    parameters: int
    shape: Shape
    steps: int
    pairs: int
    seconds: float
    loss: float


class Trainer:
    """A model in training, its optimizer and the running average of its weights.

    The loss is cross entropy with label smoothing 0.1. The learning rate follows the progress as half a cosine. The
    last quarter takes the pairs as often as the last stage says; where there is a model to begin with, so does all of
    it. The result is an exponential average of the weights (Polyak and Juditsky, 1992).

    Args:
        work: the prepared corpus, and what the training leaves.
        shape: of the model.
        plan: how long and how fast.
        device: ``cuda`` or ``cpu``.
        begin: a model in NLLB's file form with the same vocabulary, whose weights are the first ones.

    Raises:
        UsageError: the checkpoint in ``work``, or the model to begin with, has another shape or vocabulary.
    """

    def __init__(self, work: Path, shape: Shape, plan: Plan, device: str, begin: Path | None = None) -> None:
        torch.manual_seed(plan.seed)
        self._work, self._shape, self._plan, self._device = work, shape, plan, device
        tokenizer = copy_tokenizer(begin, work / NLLB) if begin else write_tokenizer(work / SPM, work / NLLB)
        self._languages = [tokenizer.convert_tokens_to_ids(code) for code in ("eng_Latn", "jpn_Jpan")]
        self.model = M2M100ForConditionalGeneration(_config(shape, len(tokenizer))).to(device).train()
        if device == "cpu":  # its fused attention is several times slower backwards on short sentences
            self.model.set_attn_implementation("eager")
        self._parameters = dict(self.model.named_parameters())
        self._warm_up_steps = _WARM_UP_AGAIN_STEPS if begin else _WARM_UP_STEPS
        self._last_stage = 0.0 if begin else _LAST_STAGE
        if begin:
            self._take(load_file(begin / "model.safetensors"), str(begin))
        self._average = {name: weights.detach().float().clone() for name, weights in self._parameters.items()}
        self._optimizer = _optimizer(self.model, plan.rate)
        self._pairs = Pairs(work)
        self.steps = self.seen = 0
        self._before_s = 0.0
        self.loss = math.nan
        self._begun = time.monotonic()
        self._resume()

    def run(self) -> Outcome:
        """Train until the plan is fulfilled; the last checkpoint is written in any case."""
        rng = np.random.default_rng((self._plan.seed, self.steps))
        saved = self._begun
        try:
            if self.progress < 1:
                for batch in self._pairs.batches(self._stage, self._plan.tokens, rng):
                    self._step(batch)
                    if time.monotonic() - saved > self._plan.save_s:
                        saved = time.monotonic()
                        self._save()
                    if self.progress >= 1:
                        break
        finally:
            self._save()
        parameters = sum(weights.numel() for weights in self._parameters.values())
        return Outcome(self._device, parameters, self._shape, self.steps, self.seen, round(self.seconds), self.loss)

    @property
    def seconds(self) -> float:
        """How long this and earlier runs have trained."""
        return self._before_s + time.monotonic() - self._begun

    @property
    def progress(self) -> float:
        """How much of the plan is done, 0 to 1 and beyond."""
        of_steps = self.steps / self._plan.steps if self._plan.steps else 0.0
        return max(self.seconds / (60 * self._plan.minutes), of_steps)

    def _stage(self) -> int:
        return int(self.progress >= self._last_stage)

    def write(self) -> None:
        """Write the averaged weights in NLLB's file form (float16) beside the tokenizer."""
        with torch.no_grad():
            for name, weights in self._parameters.items():
                weights.copy_(self._average[name])
        self.model.generation_config = GenerationConfig(
            bos_token_id=0,
            pad_token_id=PAD,
            eos_token_id=EOS,
            decoder_start_token_id=EOS,
            forced_bos_token_id=self._languages[1],
            max_length=200,
        )
        self.model.eval().to(torch.float16).save_pretrained(self._work / NLLB)

    def _step(self, batch: list[int]) -> None:
        """Learn from one batch of pairs."""
        now = min(self.progress, 1.0)
        warmth = min(1, (self.steps + 1) / self._warm_up_steps)
        rate = self._plan.rate * warmth * (0.49 * (1 + math.cos(math.pi * now)) + 0.02)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        loss = self._loss(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        self.seen += len(batch)
        if self.steps % _AVERAGE_EVERY == 0:
            self._average_weights()
            self.loss = loss.item()
        if self.steps % 100 == 0:
            minutes = self.seconds / 60
            print(f"step {self.steps}, {self.seen} pairs, loss {self.loss:.3f}, {minutes:.1f} min", flush=True)

    def _loss(self, batch: list[int]) -> torch.Tensor:
        """Return the loss of one batch; the model sees the target shifted by one, beginning with ``</s>``."""
        source, target = self._languages
        english = self._block([[source, *self._pairs.english[index], EOS] for index in batch])
        japanese = self._block([[target, *self._pairs.japanese[index], EOS] for index in batch])
        shifted = torch.cat([torch.full_like(japanese[:, :1], EOS), japanese[:, :-1]], 1)
        with torch.autocast(self._device, dtype=torch.bfloat16):
            hidden = self.model.model(
                input_ids=english, attention_mask=(english != PAD).long(), decoder_input_ids=shifted
            ).last_hidden_state
            kept = japanese != PAD
            logits = functional.linear(hidden[kept], self.model.lm_head.weight)
        return functional.cross_entropy(logits.float(), japanese[kept], label_smoothing=0.1)

    def _block(self, rows: list[list[int]]) -> torch.Tensor:
        return torch.from_numpy(padded(rows)).to(self._device, non_blocking=True)

    @torch.no_grad()
    def _average_weights(self) -> None:
        """Move the average towards the weights: fast at first, later by one hundredth."""
        count = self.steps / _AVERAGE_EVERY
        decay = min(0.99, (count + 1) / (count + 10))
        for name, weights in self._parameters.items():
            self._average[name].lerp_(weights.float(), 1 - decay)

    def _save(self) -> None:
        """Write the checkpoint whole or not at all."""
        new = self._work / f"{CHECKPOINT}.new"
        state = {
            "shape": tuple(self._shape),
            "model": {name: weights.detach() for name, weights in self._parameters.items()},
            "average": self._average,
            "optimizer": self._optimizer.state_dict(),
            "progress": (self.steps, self.seen, self.seconds, self.loss),
        }
        torch.save(state, new)
        new.replace(self._work / CHECKPOINT)

    def _resume(self) -> None:
        """Go on from the checkpoint, if there is one."""
        path = self._work / CHECKPOINT
        if not path.is_file():
            return
        state: dict[str, Any] = torch.load(path, map_location=self._device, weights_only=True)
        self._take(state["model"], f"{path}")
        self._average = state["average"]
        self._optimizer.load_state_dict(state["optimizer"])
        self.steps, self.seen, self._before_s, self.loss = state["progress"]

    @torch.no_grad()
    def _take(self, there: dict[str, torch.Tensor], origin: str) -> None:
        """Take over weights.

        Raises:
            UsageError: they are of another shape or vocabulary.
        """
        for name, weights in self._parameters.items():
            if name not in there or there[name].shape != weights.shape:
                raise UsageError(
                    f"{origin} is of a model of another size; name another folder with WORK=, or remove it"
                )
            weights.copy_(there[name])


def shape_of(folder: Path) -> Shape:
    """Return the shape of a model in NLLB's file form."""
    config = M2M100Config.from_pretrained(str(folder))
    return Shape(
        config.d_model,
        config.encoder_ffn_dim,
        config.encoder_layers,
        config.decoder_layers,
        config.encoder_attention_heads,
    )


def _config(shape: Shape, vocabulary: int) -> M2M100Config:
    return M2M100Config(
        vocab_size=vocabulary,
        d_model=shape.width,
        encoder_ffn_dim=shape.feed_forward,
        decoder_ffn_dim=shape.feed_forward,
        encoder_layers=shape.encoder,
        decoder_layers=shape.decoder,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        # A small model sees each pair too few times to learn it by heart.
        dropout=0.1 if shape.width > SMALL.width else 0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        activation_function="relu",
        scale_embedding=True,
        max_position_embeddings=256,
        pad_token_id=PAD,
        bos_token_id=0,
        eos_token_id=EOS,
        decoder_start_token_id=EOS,
        tie_word_embeddings=True,
    )


def _optimizer(model: Any, rate: float) -> torch.optim.Optimizer:
    """Return AdamW; biases and norms do not decay."""
    matrices = [weights for weights in model.parameters() if weights.dim() > 1]
    vectors = [weights for weights in model.parameters() if weights.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)
