"""What the ONNX voices share."""
