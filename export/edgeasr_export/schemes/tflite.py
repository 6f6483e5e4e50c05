"""Quantise float TFLite files, by ai-edge-quantizer with our own ranges."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgeasr.quiet import quiet
from edgeasr.tflite.inline import inlined
from edgeasr.tflite.model import read_model
from edgeasr_export.calibration import Ranges
from edgeasr_export.schemes.scheme import Plan

__all__ = ["float_weights", "integer_weights", "integers", "quantise"]

Config = dict[str, Any]  # what the quantiser calls an op_config, without the granularity of the weights

_FLOAT_CASTING = "float_casting"
_INTEGERS = "min_max_uniform_quantize"
# elements of a weight, from which on quantising its activations as they come pays, as TensorFlow has it
_WORTH_IT = 1024


def integers(activation_bits: int) -> Config:
    """Quantise weights to 8 bits and activations to 8 (asymmetric) or 16 (symmetric)."""
    activations = {"num_bits": activation_bits, "symmetric": activation_bits == 16, "granularity": "TENSORWISE"}
    return {
        "activation_tensor_config": {**activations, "dtype": "INT"},
        "weight_tensor_config": {"num_bits": 8, "symmetric": True, "dtype": "INT"},
        "compute_precision": "INTEGER",
    }


def integer_weights(bits: int, compute_in_float: bool) -> Config:
    """Quantise weights only; the kernels then compute in float, or quantise the activations as they come."""
    return {
        "weight_tensor_config": {"num_bits": bits, "symmetric": True, "dtype": "INT"},
        "compute_precision": "FLOAT" if compute_in_float else "INTEGER",
        "explicit_dequantize": compute_in_float,
        "min_weight_elements": 0 if compute_in_float else _WORTH_IT,
    }


def float_weights(bits: int) -> Config:
    """Round weights to a smaller float; the kernels compute in float32."""
    return {
        "weight_tensor_config": {"num_bits": bits, "symmetric": True, "dtype": "FLOAT"},
        "compute_precision": "FLOAT",
        "explicit_dequantize": True,
    }


def quantise(source: Path, target: Path, plan: Plan, config: Config) -> None:
    """Quantise a float32 file.

    Args:
        source: the float file.
        target: gets the quantised one.
        plan: ranges, and what stays float.
        config: from one of the functions above.
    """
    from ai_edge_quantizer.quantizer import Quantizer

    weights = {**config["weight_tensor_config"], "granularity": "TENSORWISE" if plan.per_tensor else "CHANNELWISE"}
    algorithm = _FLOAT_CASTING if weights["dtype"] == "FLOAT" else _INTEGERS
    recipe = [_rule(".*", algorithm, {**config, "weight_tensor_config": weights})]
    recipe += [_rule(pattern, "no_quantize", {}) for pattern in _patterns(source, plan.keep_float)]
    with quiet():  # it reports on standard output
        quantised = Quantizer(source, recipe).quantize(_statistics(plan.ranges) or None, enable_progress_report=False)
    target.write_bytes(inlined(quantised.quantized_model))  # in large files it puts constants where TFLM finds none


def _patterns(source: Path, tensors: Sequence[str]) -> list[str]:
    """Write the patterns that find the operators of tensors: the quantiser looks at the outputs of each, joined by `;`.

    The inputs of the file are one operator to it, and its outputs are one too.
    """
    graph = read_model(source).subgraphs[0]
    ends = {graph.tensors[index].name for index in (*graph.inputs, *graph.outputs)}
    return [rf"{'(^|;)' if tensor in ends else '^'}{re.escape(tensor)};" for tensor in tensors]


def _rule(regex: str, algorithm: str, config: Config) -> dict[str, Any]:
    return {"regex": regex, "operation": "*", "algorithm_key": algorithm, "op_config": config}


def _statistics(ranges: Ranges) -> dict[str, dict[str, Any]]:
    return {
        name: {"min": np.float32(low).reshape(1), "max": np.float32(high).reshape(1)}
        for name, (low, high) in ranges.items()
    }
