"""Piper's voices, through ONNX Runtime."""
