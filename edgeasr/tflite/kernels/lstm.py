"""UNIDIRECTIONAL_SEQUENCE_LSTM, as TFLM has it: four gates, no peepholes, no projection, no layer normalisation.

The formulas are those of S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", 1997, with forget gates. Of
integers, gates are int16 in Q3.12 before and Q0.15 after their function, and the cell is int16 with a power of two as
scale.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.tflite import lstm as derived
from edgeasr.tflite import quantisation
from edgeasr.tflite.fixedpoint import Integers, multiply, multiply_wide, wrap
from edgeasr.tflite.kernels.activation import int16_logistic, int16_tanh
from edgeasr.tflite.kernels.call import Call, Kernel

__all__ = ["lstm"]

# Places among the inputs; the gates are in the order input, forget, cell, output.
_WEIGHTS, _RECURRENT, _BIASES, _HIDDEN, _CELL = range(1, 5), range(5, 9), range(12, 16), 18, 19
_ABSENT = (*range(9, 12), 16, 17, *range(20, 24))

Gate = Callable[[Any, Any], Any]
Step = Callable[[Any, Any, Any], tuple[Any, Any]]


def lstm(call: Call) -> Kernel:
    """Make UNIDIRECTIONAL_SEQUENCE_LSTM: [batch, frames, inputs], or [frames, batch, inputs], to as many states.

    Raises:
        ArtefactError: it has a part that TFLM lacks.
    """
    call.expect_types("FLOAT32", "INT8", "INT16")
    if any(index < len(call.inputs) and call.inputs[index] is not None for index in _ABSENT):
        raise ArtefactError("LSTM: expected neither peepholes nor projection nor layer normalisation: leave them out")
    if call.option("fused_activation_function") != "TANH":
        raise ArtefactError(f"LSTM: expected TANH as activation, got {call.option('fused_activation_function')}")
    step = _float_step(call) if call.is_float() else _integer_step(call)
    axis = 0 if call.option("time_major") else 1

    def run(x: NDArray[Any], *others: Any) -> NDArray[Any]:
        hidden, cell = others[_HIDDEN - 1], others[_CELL - 1]  # variables: changed in place
        states = []
        for frame in np.moveaxis(x, axis, 0):
            new_hidden, cell[...] = step(frame, hidden, cell)
            hidden[...] = new_hidden
            states.append(new_hidden)
        return np.stack(states, axis)

    return run


def _float_step(call: Call) -> Step:
    clip = call.option("cell_clip")

    def step(x: Any, hidden: Any, cell: Any) -> tuple[Any, Any]:
        into, forget, new, out = (
            x @ call.constant(weights).T + call.constant(bias) + hidden @ call.constant(recurrent).T
            for weights, recurrent, bias in zip(_WEIGHTS, _RECURRENT, _BIASES, strict=True)
        )
        cell = _sigmoid(forget) * cell + _sigmoid(into) * np.tanh(new)
        if clip > 0:
            cell = cell.clip(-clip, clip)
        return _sigmoid(out) * np.tanh(cell), cell

    return step


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.float32(1) / (np.float32(1) + np.exp(-x))


def _integer_step(call: Call) -> Step:
    constants = derived.constants(call.source(_HIDDEN), call.source(_CELL), call.option("cell_clip"))
    into, forget, new, out = (
        _integer_gate(call, *indices) for indices in zip(_WEIGHTS, _RECURRENT, _BIASES, strict=True)
    )
    zero_point = quantisation.zero_point_of(call.source(_HIDDEN))
    limits = np.iinfo(call.output.dtype)

    def step(x: Any, hidden: Any, cell: Any) -> tuple[Any, Any]:
        kept = _product16(_sigmoid16(forget(x, hidden)), cell, constants.keep)
        added = _product16(_sigmoid16(into(x, hidden)), int16_tanh(new(x, hidden), _Q3_12), constants.update)
        cell = _saturate16(kept + added)
        if constants.cell_limit:
            cell = cell.clip(-constants.cell_limit, constants.cell_limit)
        shown = int16_tanh(cell, constants.cell_input).astype(np.int64)
        product = multiply(shown * _sigmoid16(out(x, hidden)), *constants.output)
        return (product + zero_point).clip(limits.min, limits.max).astype(call.output.dtype), cell

    return step


_Q3_12 = quantisation.LutInput(3, 0)


def _sigmoid16(values: Integers) -> Integers:
    return int16_logistic(values, _Q3_12).astype(np.int64)


def _integer_gate(call: Call, weights: int, recurrent: int, bias: int) -> Gate:
    """Make what gives a gate in Q3.12 before its function."""
    of_input = _layer(call, 0, weights)
    of_state = _layer(call, _HIDDEN, recurrent)
    biases = call.constant(bias).astype(np.int64)
    return lambda x, hidden: _saturate16(of_input(x, biases) + of_state(hidden, np.int64(0)))


def _layer(call: Call, source: int, weights: int) -> Gate:
    """Make a fully connected layer to Q3.12."""
    tensor = call.source(source)
    multiplier = derived.gate_multiplier(tensor, call.source(weights))
    zero_point, matrix = quantisation.zero_point_of(tensor), call.constant(weights).astype(np.int64).T
    wide = tensor.dtype == np.int16

    def run(x: Any, bias: Any) -> Integers:
        total = (x.astype(np.int64) - zero_point) @ matrix + bias
        return _saturate16(multiply_wide(total, *multiplier) if wide else multiply(wrap(total), *multiplier))

    return run


def _product16(a: Any, b: Any, multiplier: quantisation.Multiplier) -> Integers:
    return _saturate16(multiply(a.astype(np.int64) * b.astype(np.int64), *multiplier))


def _saturate16(values: Integers) -> Integers:
    return values.clip(-(2**15), 2**15 - 1)
