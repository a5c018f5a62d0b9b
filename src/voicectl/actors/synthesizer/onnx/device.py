"""Where and how ONNX Runtime computes."""

from collections.abc import Sequence
from typing import Any

from voicectl.protocol.errors import BackendUnavailable

Provider = str | tuple[str, dict[str, str]]


def provider(backend: str, install: str, wanted: str) -> tuple[str, list[Provider]]:
    """Return the device's name and ONNX Runtime's providers for it; ``auto`` takes CUDA where the package has it.

    Args:
        backend: Who asks.
        install: The command that installs what it needs.
        wanted: ``synthesizer.device``.

    Raises:
        BackendUnavailable: ONNX Runtime is not installed, or cannot use the device.
    """
    try:
        import onnxruntime
    except ImportError as exc:
        raise BackendUnavailable(f"{backend} needs ONNX Runtime ({exc}); run: {install}") from exc
    there = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if wanted == "cpu" or (wanted == "auto" and not there):
        return "cpu", ["CPUExecutionProvider"]
    if wanted == "mps" or not there:
        raise BackendUnavailable(f"{backend}: ONNX Runtime has no device {wanted!r} here; set synthesizer.device = cpu")
    number = wanted.partition(":")[2] or "0"
    return f"cuda:{number}", [("CUDAExecutionProvider", {"device_id": number}), "CPUExecutionProvider"]


def session(model: bytes | str, providers: Sequence[Provider], threads: int) -> Any:
    """Return a model (its bytes, or its path) ready to run.

    Args:
        model: An ONNX model.
        providers: Execution providers, the preferred first.
        threads: Of one operator; 0 takes every core.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that spin while they wait take the cores from the other stages.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=list(providers))
