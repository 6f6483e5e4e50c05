"""Runtimes: one small interface over Keras, TFLite and ONNX Runtime."""

from edgeasr.runtime.base import RUNTIMES, Runtime, load

__all__ = ["RUNTIMES", "Runtime", "load"]
