"""What the integer LSTM needs beside its weights, derived from scales: for the NumPy kernel and the C generator."""

from dataclasses import dataclass

from edgeasr.tflite.model import Tensor
from edgeasr.tflite.quantisation import LutInput, Multiplier, power_of_two, quantise_multiplier, scale_of

__all__ = ["LstmConstants", "constants", "gate_multiplier"]


@dataclass(frozen=True)
class LstmConstants:
    """The products inside an LSTM, whose gates are in Q0.15.

    Attributes:
        keep: multiplier of forget gate times cell, to the cell.
        update: multiplier of input gate times new value, to the cell.
        output: multiplier of output gate times tanh of the cell, to the state.
        cell_input: how tanh reads the cell.
        cell_limit: largest absolute value of the cell; 0 where it has no limit.
    """

    keep: Multiplier
    update: Multiplier
    output: Multiplier
    cell_input: LutInput
    cell_limit: int


def constants(hidden: Tensor, cell: Tensor, cell_clip: float) -> LstmConstants:
    """Give the constants of an LSTM of int8 or int16."""
    gate, cell_scale = 2.0**-15, float(scale_of(cell))
    left_shift = 12 + power_of_two(scale_of(cell))[0]
    return LstmConstants(
        quantise_multiplier(gate),
        quantise_multiplier(gate * gate / cell_scale),
        quantise_multiplier(gate * gate / float(scale_of(hidden))),
        LutInput(3 << max(left_shift, 0), max(-left_shift, 0)),
        int(min(cell_clip / cell_scale, 32767.0)),
    )


def gate_multiplier(source: Tensor, weights: Tensor) -> Multiplier:
    """Give the multiplier of a gate's sums to Q3.12."""
    return quantise_multiplier(float(scale_of(source)) * float(scale_of(weights)) * 2**12)
