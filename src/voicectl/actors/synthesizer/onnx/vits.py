"""VITS models as ONNX files, taken apart so that they stream and always say the same text the same way.

A Piper voice is one graph from phonemes to samples. It draws its random numbers itself, from a generator that cannot
be set back, and gives the sound of a sentence only when all of it is made. Here the graph is cut where it draws, and
the numbers become inputs; and it is cut before the decoder (HiFi-GAN), which then runs in windows as in
``vits_stream.py``. The cuts are found by the kinds of the nodes, not by their names: those differ between exporters.

onnx and onnxruntime are imported when a model is loaded, not before.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.onnx.device import Provider, session
from voicectl.protocol.errors import BackendError

Array = npt.NDArray[Any]
Wave = npt.NDArray[np.float32]

_POINTWISE = frozenset(
    {"Add", "Cast", "Clip", "Div", "Identity", "LeakyRelu", "Mul", "Relu", "Squeeze", "Tanh", "Unsqueeze"}
)
"""Operators of a decoder that look at one place in time."""


class OnnxVits:
    """A VITS graph in its parts.

    Attributes:
        inputs: Names of the graph's inputs.
        hop: Samples that a latent frame becomes.
        context: Frames on each side that a sample depends on.
    """

    def __init__(self, path: Path, providers: Sequence[Provider], threads: int) -> None:
        """Load a file.

        Args:
            path: The ONNX file.
            providers: Execution providers of ONNX Runtime, the preferred first.
            threads: Of one operator; 0 takes every core.

        Raises:
            Exception: onnx or onnxruntime could not read the file.
            ValueError: it is not a VITS model with a HiFi-GAN decoder.
        """
        import onnx

        from voicectl.actors.synthesizer.onnx.cut import Graph

        model = onnx.load(str(path))
        graph = Graph(model)
        start = _decoder_start(graph.nodes)
        self.inputs = tuple(value.name for value in model.graph.input)
        self._output = model.graph.output[0].name
        self._latent = graph.nodes[start].input[0]
        self._drawn = [(graph.nodes[at].output[0], graph.nodes[at].input[0]) for at in graph.random]
        bounds = [0, *graph.random, start, len(graph.nodes)]
        if bounds != sorted(bounds):
            raise ValueError("its decoder draws random numbers")
        parts = [session(graph.part(*bound).SerializeToString(), providers, threads) for bound in pairwise(bounds)]
        *self._before, self._decoder = parts
        self.hop, self.context = _reach(graph.nodes[start:], self._latent, self._output)
        self._known: dict[str, Array] = {}

    def latent(self, feed: dict[str, Array], seed: int) -> Array:
        """Return the latent frames of a sentence, shape (1, channels, frames).

        Args:
            feed: The graph's inputs by name.
            seed: Of the random numbers, which are the same for the same seed.
        """
        random = np.random.default_rng(seed)
        self._known = dict(feed)
        for index, part in enumerate(self._before):
            if index:
                name, like = self._drawn[index - 1]
                self._known[name] = random.standard_normal(self._known[like].shape, dtype=np.float32)
            self._known.update(_run(part, self._known))
        return self._known[self._latent]

    def decode(self, latent: Array) -> Wave:
        """Return the samples of latent frames of the last sentence, shape (frames * hop,), between -1 and 1.

        Raises:
            BackendError: the model made no finite sound.
        """
        wave: Wave = _run(self._decoder, {**self._known, self._latent: latent})[self._output].reshape(-1)
        if not np.isfinite(wave).all():
            raise BackendError("the model made no finite sound")
        return wave


def _run(part: Any, known: dict[str, Array]) -> dict[str, Array]:
    """Run one part on what it takes from ``known``, and return what it gives by name."""
    names = [value.name for value in part.get_outputs()]
    given = part.run(names, {value.name: known[value.name] for value in part.get_inputs()})
    return dict(zip(names, given, strict=True))


def _decoder_start(nodes: list[Any]) -> int:
    """Return the number of the decoder's first node: the convolution before the first transposed one.

    Raises:
        ValueError: there is none.
    """
    made = {name: at for at, node in enumerate(nodes) for name in node.output}
    at = next((at for at, node in enumerate(nodes) if node.op_type == "ConvTranspose"), None)
    while at is None or nodes[at].op_type != "Conv":
        sources = [made[name] for name in nodes[at].input if name in made] if at is not None else []
        if not sources:
            raise ValueError("it has no HiFi-GAN decoder")
        # A sum has two sources: the convolution of the latent, and that of the speaker, whose kernel is 1.
        at = max(sources, key=lambda source: _number(nodes[source], "kernel_shape", 0))
    return at


def _reach(nodes: list[Any], latent: str, output: str) -> tuple[int, int]:
    """Return how many samples a frame becomes, and how many frames on each side the samples of one frame depend on.

    What the samples of frame 0 need is followed from the output back to the latent. The default HiFi-GAN of VITS needs
    13 frames.

    Raises:
        ValueError: a node is not one of a HiFi-GAN decoder.
    """
    moving = {latent}
    for node in nodes:
        if moving.intersection(node.input):
            moving.update(node.output)
    path = [node for node in nodes if moving.intersection(node.output)]
    hop = math.prod(_number(node, "strides", 1) for node in path if node.op_type == "ConvTranspose")
    needs = {output: (0, hop - 1)}
    for node in reversed(path):
        if node.output[0] not in needs:  # nothing comes of it
            continue
        low, high = _behind(node, *needs[node.output[0]])
        for name in moving.intersection(node.input):
            before = needs.get(name, (low, high))
            needs[name] = (min(low, before[0]), max(high, before[1]))
    low, high = needs[latent]
    return hop, max(-low, high)


def _behind(node: Any, low: int, high: int) -> tuple[int, int]:
    """Return the first and the last place of its input that a node needs for some places of its output."""
    if node.op_type in _POINTWISE:
        return low, high
    if node.op_type not in ("Conv", "ConvTranspose"):
        raise ValueError(f"its decoder has a {node.op_type}, which no HiFi-GAN has")
    stride, pad = _number(node, "strides", 1), _number(node, "pads", 0)
    wide = (_number(node, "kernel_shape", 1) - 1) * _number(node, "dilations", 1)
    if node.op_type == "Conv":
        return low * stride - pad, high * stride - pad + wide
    return -((wide - pad - low) // stride), (high + pad) // stride


def _number(node: Any, name: str, default: int) -> int:
    """Return an attribute of a node that has one dimension."""
    return int(next((each.ints[0] for each in node.attribute if each.name == name), default))
