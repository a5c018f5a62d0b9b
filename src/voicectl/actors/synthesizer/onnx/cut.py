"""Cuts an ONNX graph into parts that run one after the other.

The nodes of a graph stand in an order in which they can be run, so it can be cut between any two of them. What a part
takes from the parts before it are its inputs, what later ones take from it are its outputs.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import onnx

_RANDOM = ("RandomNormalLike", "RandomNormal")

_SMALL = 1024
"""Bytes of a constant that may say something about shapes; weights are larger."""


class Graph:
    """A model (``onnx.ModelProto``) to be cut.

    Attributes:
        nodes: All nodes but those that are the same in every run: constants and what is computed from them alone. These
            are copied into every part that needs them.
        random: The numbers of the nodes that draw normal random numbers.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._weights = {each.name: each for each in model.graph.initializer}
        self._fixed: dict[str, tuple[int, Any]] = {}
        self.nodes: list[Any] = []
        for at, node in enumerate(model.graph.node):
            known = all(name in self._weights or name in self._fixed for name in reads(node))
            if known and node.op_type not in _RANDOM:
                self._fixed |= dict.fromkeys(node.output, (at, node))
            else:
                self.nodes.append(node)
        self.random = [at for at, node in enumerate(self.nodes) if node.op_type in _RANDOM]
        self._types = _types(model)

    def part(self, start: int, stop: int) -> Any:
        """Return the nodes from ``start`` to before ``stop``, less those that draw, as a model of its own.

        Raises:
            KeyError: the type of a tensor at a cut cannot be inferred.
        """
        nodes = [node for node in self.nodes[start:stop] if node.op_type not in _RANDOM]
        fixed = self._behind(nodes)
        nodes = [*fixed, *nodes]
        made = {name for node in nodes for name in (*node.output, *_made_inside(node))}
        read = {name: None for node in nodes for name in reads(node)}  # a set that keeps its order
        weights = [self._weights[name] for name in read if name in self._weights]
        needs = [name for name in read if name not in made and name not in self._weights]
        later = {name for node in self.nodes[stop:] for name in reads(node)}
        later.add(self._model.graph.output[0].name)
        gives = [name for node in nodes[len(fixed) :] for name in node.output if name in later]
        graph = onnx.helper.make_graph(nodes, "part", self._values(needs), self._values(gives), weights)
        return onnx.helper.make_model(graph, opset_imports=self._model.opset_import, ir_version=self._model.ir_version)

    def _behind(self, nodes: Iterable[Any]) -> list[Any]:
        """Return the fixed nodes that some nodes need, in their order."""
        found: dict[int, Any] = {}
        open_names = [name for node in nodes for name in reads(node)]
        while open_names:
            name = open_names.pop()
            if name in self._fixed and self._fixed[name][0] not in found:
                at, node = self._fixed[name]
                found[at] = node
                open_names += reads(node)
        return [found[at] for at in sorted(found)]

    def _values(self, names: Iterable[str]) -> list[Any]:
        return [onnx.helper.make_tensor_value_info(name, self._types[name], None) for name in names]


def reads(node: Any) -> Iterator[str]:
    """Yield the tensors that a node takes, those of the graphs inside it as well."""
    yield from filter(None, node.input)
    for graph in _inside(node):
        for inner in graph.node:
            yield from reads(inner)


def _made_inside(node: Any) -> Iterator[str]:
    """Yield the tensors that the graphs inside a node have or make."""
    for graph in _inside(node):
        yield from (each.name for each in (*graph.input, *graph.initializer))
        for inner in graph.node:
            yield from inner.output
            yield from _made_inside(inner)


def _inside(node: Any) -> Iterator[Any]:
    """Yield the graphs inside a node: the branches of an If, the body of a Loop."""
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def _types(model: Any) -> dict[str, int]:
    """Return the element type of every tensor, found without carrying the weights along."""
    graph = model.graph
    small = [each for each in graph.initializer if each.ByteSize() <= _SMALL]
    large = [
        onnx.helper.make_tensor_value_info(each.name, each.data_type, each.dims)
        for each in graph.initializer
        if each.ByteSize() > _SMALL
    ]
    light = onnx.helper.make_graph(graph.node, "types", [*graph.input, *large], graph.output, small)
    inferred = onnx.shape_inference.infer_shapes(onnx.helper.make_model(light, opset_imports=model.opset_import)).graph
    values = (*inferred.input, *inferred.output, *inferred.value_info)
    return {value.name: value.type.tensor_type.elem_type for value in values}
