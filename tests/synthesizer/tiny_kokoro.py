"""Makes Kokoro's files, small ones: a graph with the real inputs and output that hums, and an archive of voices."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

SAMPLES_A_PHONEME = 1500
"""At speed 1; a real voice has about as many."""


def make_tiny_kokoro(folder: Path, voices: tuple[str, ...] = ("af_heart", "bm_george", "jf_alpha")) -> Path:
    """Write ``kokoro-v1.0.onnx`` and ``voices-v1.0.bin`` into ``folder`` and return it.

    The model hums: so long as its tokens are many and its speed is low, as high as its tokens and its style are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    constants = {
        "none": np.array(0, np.int64),
        "one": np.array(1, np.int64),
        "last": np.array([1], np.int64),
        "length": np.array(SAMPLES_A_PHONEME, np.float32),
        "level": np.array(0.3, np.float32),
        "step": np.array(0.001, np.float32),
    }
    nodes = [
        helper.make_node("Size", ["tokens"], ["count"]),
        helper.make_node("Cast", ["count"], ["count_f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["count_f", "length"], ["normal"]),
        helper.make_node("Div", ["normal", "speed"], ["wanted"]),
        helper.make_node("Cast", ["wanted"], ["wanted_i"], to=TensorProto.INT64),
        helper.make_node("Squeeze", ["wanted_i"], ["samples"]),
        helper.make_node("Range", ["none", "samples", "one"], ["places"]),
        helper.make_node("Cast", ["places"], ["places_f"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["tokens"], ["tokens_f"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["tokens_f"], ["token"], keepdims=0),
        helper.make_node("ReduceMean", ["style"], ["colour"], keepdims=0),
        helper.make_node("Add", ["token", "colour"], ["height"]),
        helper.make_node("Mul", ["height", "step"], ["pace"]),
        helper.make_node("Mul", ["places_f", "pace"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["wave"]),
        helper.make_node("Mul", ["wave", "level"], ["audio"]),
    ]
    inputs = [
        helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, "length_of_tokens"]),
        helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
        helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1]),
    ]
    output = helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["length_of_audio"])
    weights = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "kokoro", inputs, [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(folder / "kokoro-v1.0.onnx"))
    styles = {name: np.full((510, 1, 256), 10.0 * index, np.float32) for index, name in enumerate(voices)}
    with (folder / "voices-v1.0.bin").open("wb") as archive:
        np.savez(archive, **styles)
    return folder
