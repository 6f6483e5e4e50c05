"""float16 weights: half the size, computed in float32 on most CPUs."""

from pathlib import Path

from edgeasr_export.schemes import onnx, tflite
from edgeasr_export.schemes.scheme import Plan, Scheme

__all__ = ["FLOAT16"]


def _onnx(source: Path, target: Path, plan: Plan) -> None:
    import onnx as onnx_package
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model = onnx_package.load(source)
    kept = onnx.nodes_of(model.graph, plan.keep_float)
    onnx_package.save(convert_float_to_float16(model, keep_io_types=True, node_block_list=kept), target)


def _tflite(source: Path, target: Path, plan: Plan) -> None:
    tflite.quantise(source, target, plan, tflite.float_weights(bits=16))


FLOAT16 = Scheme(quantise={"tflite": _tflite, "onnx": _onnx}, min_agreement=0.98, max_error=0.05)
