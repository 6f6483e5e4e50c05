"""TFLite files, read and run without a framework: NumPy is all it takes."""

from edgeasr.tflite.interpreter import Interpreter
from edgeasr.tflite.model import Model, Operator, Signature, Subgraph, Tensor, read_model

__all__ = ["Interpreter", "Model", "Operator", "Signature", "Subgraph", "Tensor", "read_model"]
