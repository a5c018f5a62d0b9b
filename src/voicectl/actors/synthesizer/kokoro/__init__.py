"""Kokoro, a neural voice through ONNX Runtime."""
