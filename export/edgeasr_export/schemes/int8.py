"""Full int8: per-channel weights, per-tensor activations, calibrated on real features.

B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference" (2018);
https://ai.google.dev/edge/litert/models/quantization_spec.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.schemes.scheme import Scheme

__all__ = ["INT8"]


def _configure_tflite(converter: Any, calibration: NDArray[np.float32]) -> None:
    import tensorflow as tf

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for features in calibration:
            yield [features[None]]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8


def _quantise_onnx(source: Path, target: Path, calibration: NDArray[np.float32]) -> None:
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            name = onnx.load(source).graph.input[0].name
            self._inputs = ({name: features[None]} for features in calibration)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            return next(self._inputs, None)

    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(source, prepared)
    quantize_static(
        prepared,
        target,
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
    )


INT8 = Scheme(
    configure_tflite=_configure_tflite,
    quantise_onnx=_quantise_onnx,
    min_agreement=0.9,
)
