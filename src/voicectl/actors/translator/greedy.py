"""Greedy decoding of M2M-100 models (NLLB) with tensors of fixed shapes, which CUDA graphs can replay.

``generate`` of transformers launches some thousand small kernels for a word, and a GPU mostly waits for them. Here one
step of the decoder is a fixed list of operations on fixed memory: the keys and values of all positions have their place
from the start, and the step's number, the last token and what is finished are tensors that the step itself moves on. On
CUDA the list is recorded once for each shape (batch and source, rounded up) and then launched as a whole; elsewhere the
same operations run one by one. The layers are those of ``M2M100ForConditionalGeneration`` (Fan et al., "Beyond
English-Centric Multilingual Machine Translation", 2020): layer norms first, sinusoidal positions.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

FAMILY = "m2m_100"
"""What the configuration calls models of this architecture."""
BATCHES = (1, 2, 4, 8)
SOURCES = (16, 32, 64, 128)
"""The shapes: sentences at once, tokens of the longest source."""
_LOOK = 4
"""Steps of an accelerator between two looks at what is finished; each look waits for it."""
_WARM_UPS = 2
"""Runs before a recording: libraries set themselves up at their first."""


class GreedyDecoder:
    """Decodes with ``model``, an ``M2M100ForConditionalGeneration`` in evaluation mode on its device.

    Args:
        model: the model; its weights are used as they are.
        length: tokens of the longest output.
    """

    def __init__(self, model: Any, length: int) -> None:
        self._model = model
        self._length = length
        self._device = model.device
        self._positions = model.model.decoder.embed_positions.weights.to(model.device, model.dtype)
        self._first = model.model.decoder.embed_positions.offset
        self._has_graphs = self._device.type == "cuda"
        self._pool = torch.cuda.graph_pool_handle() if self._has_graphs else None
        self._own = self._caches(BATCHES[-1], length)
        self._lanes: dict[tuple[int, int], _Lane] = {}

    def record(self) -> None:
        """Record the graphs of all shapes, the largest first; without CUDA there is nothing to do.

        Raises:
            RuntimeError: the device failed, or has too little memory.
        """
        if self._has_graphs:
            for shape in [(batch, source) for batch in reversed(BATCHES) for source in reversed(SOURCES)]:
                self._lane(*shape)

    def fits(self, batch: int, source: int) -> bool:
        """Say whether there is a shape for so many sentences with so many tokens."""
        return batch <= BATCHES[-1] and source <= SOURCES[-1]

    def decode(self, ids: Tensor, mask: Tensor, target: int) -> Tensor:
        """Return the tokens of each sentence, int64 of shape (batch, at most the length), padded.

        They are those of ``generate`` with ``num_beams=1`` and ``forced_bos_token_id=target``, without the start token.

        Args:
            ids: int64 of shape (batch, source), padded on the right.
            mask: the same shape, 1 where there is a token.
            target: the first token of every output.

        Raises:
            RuntimeError: the device failed (``torch.OutOfMemoryError``: has too little memory).
        """
        count, width = ids.shape
        lane = self._lane(_rounded_up(count, BATCHES), _rounded_up(width, SOURCES))
        pace = 1 if self._device.type == "cpu" else _LOOK
        with torch.inference_mode():
            lane.fill(ids, mask, target)
            lane.encode()
            for step in range(1, self._length + 1):
                lane.advance()
                if step % pace == 0 and bool(lane.done.all()):
                    break
            return lane.output[:count, :step].cpu()

    def _lane(self, batch: int, source: int) -> "_Lane":
        """Return the tensors and the operations of a shape."""
        if (batch, source) not in self._lanes:
            lane = _Lane(batch, source, self._length, self._model)
            own = [(keys[:batch], values[:batch]) for keys, values in self._own]
            crossed = self._caches(batch, source)
            lane.encode = self._recorded(partial(self._encode, lane, crossed))
            lane.advance = self._recorded(partial(self._advance, lane, own, crossed))
            self._lanes[batch, source] = lane
        return self._lanes[batch, source]

    def _recorded(self, work: Callable[[], None]) -> Callable[[], None]:
        """Return what does the same as ``work``: a graph on CUDA, else the work itself."""
        if not self._has_graphs:
            return work
        with torch.cuda.device(self._device), torch.inference_mode():
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(_WARM_UPS):
                    work()
            torch.cuda.current_stream().wait_stream(aside)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool):
                work()
        replay: Callable[[], None] = graph.replay
        return replay

    def _caches(self, batch: int, length: int) -> list[tuple[Tensor, Tensor]]:
        """Return keys and values of every decoder layer, of shape (batch, heads, length, width of a head)."""
        layers = self._model.model.decoder.layers
        heads = layers[0].self_attn.num_heads
        shape = (batch, heads, length, self._model.config.d_model // heads)
        kind = {"dtype": self._model.dtype, "device": self._device}
        return [(torch.zeros(shape, **kind), torch.zeros(shape, **kind)) for _ in layers]

    def _encode(self, lane: "_Lane", crossed: list[tuple[Tensor, Tensor]]) -> None:
        """Run the encoder and write the keys and values that the decoder looks at; go to the first step."""
        encoder = self._model.model.encoder
        width = lane.ids.shape[1]
        state = encoder.embed_tokens(lane.ids) + self._positions[self._first : self._first + width]
        for layer in encoder.layers:
            normed = layer.self_attn_layer_norm(state)
            state = state + _attend(layer.self_attn, normed, *_project(layer.self_attn, normed), lane.mask)
            state = state + _feed_forward(layer, state)
        state = encoder.layer_norm(state)
        for layer, (keys, values) in zip(self._model.model.decoder.layers, crossed, strict=True):
            new_keys, new_values = _project(layer.encoder_attn, state)
            keys.copy_(new_keys)
            values.copy_(new_values)
        lane.rewind()

    def _advance(self, lane: "_Lane", own: list[tuple[Tensor, Tensor]], crossed: list[tuple[Tensor, Tensor]]) -> None:
        """Run the decoder on the last tokens, write the next ones and go one step on."""
        decoder = self._model.model.decoder
        state = decoder.embed_tokens(lane.last) + self._positions.index_select(0, lane.step + self._first)
        past = (lane.places <= lane.step)[None, None, None, :]
        for layer, (keys, values), (cross_keys, cross_values) in zip(decoder.layers, own, crossed, strict=True):
            normed = layer.self_attn_layer_norm(state)
            new_keys, new_values = _project(layer.self_attn, normed)
            keys[:, :, lane.step] = new_keys  # MPS has no index_copy_
            values[:, :, lane.step] = new_values
            state = state + _attend(layer.self_attn, normed, keys, values, past)
            normed = layer.encoder_attn_layer_norm(state)
            state = state + _attend(layer.encoder_attn, normed, cross_keys, cross_values, lane.mask)
            state = state + _feed_forward(layer, state)
        lane.take(self._model.lm_head(decoder.layer_norm(state)).argmax(-1))


class _Lane:
    """The tensors of one shape.

    Attributes:
        ids: the source's tokens; ``mask`` is True where there are some, of shape (batch, 1, 1, source).
        last: the last tokens, of shape (batch, 1); ``done`` says which sentences are finished.
        step: the number of the step, of shape (1,); ``places`` are all of them.
        output: the tokens so far.
        encode, advance: the operations on them.
    """

    encode: Callable[[], None]
    advance: Callable[[], None]

    def __init__(self, batch: int, source: int, length: int, model: Any) -> None:
        device = model.device
        self._start, self._end = model.config.decoder_start_token_id, model.config.eos_token_id
        self._pad = model.config.pad_token_id
        self.ids = torch.full((batch, source), self._pad, device=device)
        self.mask = torch.zeros((batch, 1, 1, source), dtype=torch.bool, device=device)
        self.mask[..., 0] = True  # attention to nothing at all is not a number
        self.last = torch.full((batch, 1), self._start, device=device)
        self.done = torch.zeros(batch, dtype=torch.bool, device=device)
        self._is_spare = torch.zeros(batch, dtype=torch.bool, device=device)
        self.step = torch.zeros(1, dtype=torch.int64, device=device)
        self.places = torch.arange(length, device=device)
        self.output = torch.full((batch, length), self._pad, device=device)
        self._target = torch.full((1,), self._start, device=device)

    def fill(self, ids: Tensor, mask: Tensor, target: int) -> None:
        """Take the sentences; the places of others are filled with empty ones, which are finished at once."""
        count, width = ids.shape
        self.ids.fill_(self._pad)
        self.ids[:count, :width] = ids.to(self.ids.device)
        self.mask.fill_(False)
        self.mask[:count, 0, 0, :width] = mask.to(self.ids.device, torch.bool)
        self.mask[count:, ..., 0] = True
        self._is_spare.fill_(False)
        self._is_spare[count:] = True
        self._target.fill_(target)

    def rewind(self) -> None:
        """Go to the first step."""
        self.last.fill_(self._start)
        self.done.copy_(self._is_spare)
        self.step.zero_()
        self.output.fill_(self._pad)

    def take(self, best: Tensor) -> None:
        """Take the next tokens, of shape (batch, 1): the first is the target's, after the last there is padding."""
        chosen = torch.where(self.step == 0, self._target, best)
        chosen = chosen.masked_fill(self.done[:, None], self._pad)
        self.done.logical_or_(chosen[:, 0] == self._end)
        self.output[:, self.step] = chosen
        self.last.copy_(chosen)
        self.step.add_(1)


def _rounded_up(number: int, sizes: tuple[int, ...]) -> int:
    return next(size for size in sizes if size >= number)


def _project(attention: Any, state: Tensor) -> tuple[Tensor, Tensor]:
    """Return the keys and values of an attention, of shape (batch, heads, places, width of a head)."""
    return _heads(attention, attention.k_proj(state)), _heads(attention, attention.v_proj(state))


def _attend(attention: Any, state: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    query = _heads(attention, attention.q_proj(state))
    mixed = functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
    result: Tensor = attention.out_proj(mixed.transpose(1, 2).flatten(2))
    return result


def _heads(attention: Any, projected: Tensor) -> Tensor:
    return projected.unflatten(2, (attention.num_heads, -1)).transpose(1, 2)


def _feed_forward(layer: Any, state: Tensor) -> Tensor:
    result: Tensor = layer.fc2(layer.activation_fn(layer.fc1(layer.final_layer_norm(state))))
    return result
