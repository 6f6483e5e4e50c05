"""No quantisation: the float artefact that the others are compared with."""

import shutil
from pathlib import Path

from edgeasr_export.schemes.scheme import Plan, Scheme

__all__ = ["FLOAT32"]


def _copy(source: Path, target: Path, plan: Plan) -> None:
    shutil.copyfile(source, target)


FLOAT32 = Scheme(quantise={"tflite": _copy, "onnx": _copy}, min_agreement=0.99, max_error=1e-3)
