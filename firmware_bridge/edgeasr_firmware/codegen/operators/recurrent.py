"""UNIDIRECTIONAL_SEQUENCE_LSTM of int8 or int16."""

from typing import Any

import numpy as np

from edgeasr.tflite import lstm as derived
from edgeasr.tflite import quantisation
from edgeasr.tflite.model import Operator
from edgeasr.tflite.tables import sigmoid_knots
from edgeasr_firmware.codegen.lower import Lowering
from edgeasr_firmware.codegen.operators.state import persistent

__all__ = ["lstm", "sigmoid_fields"]

# Places among the inputs, as the operator of TFLite has them.
_GATES = {"input": (1, 5, 12), "forget": (2, 6, 13), "cell": (3, 7, 14), "output": (4, 8, 15)}
_HIDDEN, _CELL = 18, 19
_Q3_12 = quantisation.LutInput(3, 0)


def lstm(lowering: Lowering, operator: Operator) -> None:
    """Lower UNIDIRECTIONAL_SEQUENCE_LSTM."""
    lowering.kernel(operator)  # refuses what TFLM lacks
    source = lowering.expect(operator.inputs[0], "INT8", "INT16")
    hidden, cell = (lowering.tensor(operator.inputs[place]) for place in (_HIDDEN, _CELL))
    constants = derived.constants(hidden, cell, operator.options["cell_clip"])
    first, second, inputs = source.shape
    major, states = operator.options["time_major"], cell.shape[-1]
    frames, batch = (first, second) if major else (second, first)
    gates = {name: _gate(lowering, operator, *places) for name, places in _GATES.items()}
    products = {"keep": constants.keep, "update": constants.update, "out": constants.output}
    fields = {f"{name}_{part}": getattr(multiplier, attribute) for name, multiplier in products.items()
              for part, attribute in (("multiplier", "value"), ("shift", "shift"))}  # fmt: skip
    params = lowering.program.struct(
        "lstm", "ea_lstm_t", **gates, gate=_initialiser(sigmoid_fields(lowering, _Q3_12)),
        cell_tanh=_initialiser(sigmoid_fields(lowering, constants.cell_input)), **fields,
        out_zero_point=quantisation.zero_point_of(hidden), cell_limit=constants.cell_limit,
        batch=batch, frames=frames, inputs=inputs, states=states,
        batch_step=1 if major else frames, frame_step=batch if major else 1,
    )  # fmt: skip
    indices = (operator.inputs[0], operator.inputs[_HIDDEN], operator.inputs[_CELL])
    for index in indices[1:]:
        persistent(lowering, index)
    macs = batch * frames * 4 * states * (inputs + states)
    lowering.step(
        "ea_lstm", f"ea_lstm_s{8 * source.dtype.itemsize}(&{params}, {{a}}, {{b}}, {{c}}, {{out}}, {{scratch}})",
        indices, operator.outputs[0], scratch_bytes=2 * states, macs=macs,
    )  # fmt: skip


def sigmoid_fields(lowering: Lowering, place: quantisation.LutInput) -> dict[str, Any]:
    """Give the fields of an ea_sigmoid_t."""
    knots = lowering.program.table("knots", sigmoid_knots())
    return {"knots": knots, "factor": place.factor, "shift": place.right_shift}


def _initialiser(fields: dict[str, Any]) -> str:
    return "{" + ", ".join(f".{name} = {value}" for name, value in fields.items()) + "}"


def _gate(lowering: Lowering, operator: Operator, weights: int, recurrent: int, bias: int) -> str:
    """Write an ea_gate_t as C."""
    table, fields = lowering.program.table, dict[str, Any]()
    biases = lowering.constant(operator.inputs[bias]).astype(np.int64)
    for prefix, place, source, added in (("", weights, 0, biases), ("recurrent_", recurrent, _HIDDEN, 0)):
        tensor, kernel = lowering.tensor(operator.inputs[source]), lowering.tensor(operator.inputs[place])
        values = lowering.constant(operator.inputs[place])
        folded = added - quantisation.zero_point_of(tensor) * values.astype(np.int64).sum(1)
        multiplier = derived.gate_multiplier(tensor, kernel)
        fields["recurrent" if prefix else "weights"] = table("weights", values)
        fields[f"{prefix}bias"] = table("bias", folded)
        fields[f"{prefix}multiplier"], fields[f"{prefix}shift"] = multiplier
    return _initialiser(fields)
