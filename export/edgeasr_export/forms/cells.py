"""Recurrent layers as plain ones: what a frame costs them, made of Dense, Activation, Multiply and Add.

Converters fuse or loop over recurrent layers and then do not quantise them; plain layers they do. The product with the
input stands alone, so that it can be taken for all frames at once, and its numbers have a range of their own.

The formulas are those of Keras (https://keras.io/api/layers/recurrent_layers).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RECURRENT", "Cell", "lower"]


@dataclass(frozen=True)
class Cell:
    """A recurrent layer, lowered.

    Attributes:
        states: a name for each state; the first is the output too.
        units: values of each.
        project: takes the part of the input alone: [batch, frames, bins] to [batch, frames, n].
        advance: takes that of one frame, [batch, n], and the states, [batch, units] each, to the next states.
    """

    states: tuple[str, ...]
    units: int
    project: Callable[[Any], Any]
    advance: Callable[[Any, list[Any]], list[Any]]


def lower(layer: Any) -> Cell:
    """Lower a layer whose class is in `RECURRENT`.

    Its weights are copied, and the new layers are named after it. What the cell of an LSTM
    goes through from one step to the next has `_carry` in its name: it adds up over a whole clip, and with it the
    errors of 8 bits (TFLite's own kernel has 16, https://ai.google.dev/edge/litert/models/quantization_spec).
    """
    return RECURRENT[type(layer).__name__](layer)


def _simple(layer: Any) -> Cell:
    from keras import layers

    project, again = _dense(layer, "input", layer.cell.kernel, _bias(layer)), _recurrent(layer, slice(None))
    add = layers.Add(name=f"{layer.name}_sums")
    activate = layers.Activation(layer.activation, name=f"{layer.name}_output")

    def advance(x: Any, states: list[Any]) -> list[Any]:
        return [activate(add([x, again(states[0])]))]

    return Cell(("h",), layer.units, project, advance)


def _lstm(layer: Any) -> Cell:
    """Lower an LSTM; its gates i, f, o are brought together, so that one activation does for all."""
    from keras import layers

    units, name = layer.units, layer.name
    order = np.r_[: 2 * units, 3 * units : 4 * units, 2 * units : 3 * units]  # of Keras are i, f, candidate, o
    project = _dense(layer, "input", np.array(layer.cell.kernel)[:, order], _bias(layer)[order])
    again, add = _recurrent(layer, order), layers.Add(name=f"{name}_sums")
    gate = layers.Activation(layer.recurrent_activation, name=f"{name}_gates")
    activate = layers.Activation(layer.activation, name=f"{name}_new")
    keep, renew = layers.Multiply(name=f"{name}_carry_kept"), layers.Multiply(name=f"{name}_carry_new")
    carry = layers.Add(name=f"{name}_carry_sum")
    activate_carry = layers.Activation(layer.activation, name=f"{name}_carry_activated")
    give = layers.Multiply(name=f"{name}_output")

    def advance(x: Any, states: list[Any]) -> list[Any]:
        h, c = states
        sums = add([x, again(h)])
        gates, new = gate(sums[:, : 3 * units]), activate(sums[:, 3 * units :])
        i, f, o = (gates[:, start : start + units] for start in (0, units, 2 * units))
        c = carry([keep([f, c]), renew([i, new])])
        return [give([o, activate_carry(c)]), c]

    return Cell(("h", "carry"), units, project, advance)


def _gru(layer: Any) -> Cell:
    from keras import layers

    units, after, name = layer.units, layer.reset_after, layer.name
    gates, rest = slice(None, 2 * units), slice(2 * units, None)
    bias = _bias(layer).reshape(-1, 3 * units)  # with the reset after the product, a second one belongs to that
    inner = np.where(np.arange(3 * units) < 2 * units, 0, bias[-1]) if len(bias) == 2 else None
    project = _dense(layer, "input", layer.cell.kernel, bias.sum(axis=0) - (0 if inner is None else inner))
    again, add = _recurrent(layer, gates), layers.Add(name=f"{name}_sums")
    gate = layers.Activation(layer.recurrent_activation, name=f"{name}_gates")
    candidate = _recurrent(layer, rest, "candidate", None if inner is None else inner[rest])
    reset, add_reset = layers.Multiply(name=f"{name}_reset"), layers.Add(name=f"{name}_new_sums")
    activate = layers.Activation(layer.activation, name=f"{name}_new")
    keep, renew = layers.Multiply(name=f"{name}_output_kept"), layers.Multiply(name=f"{name}_output_new")
    give = layers.Add(name=f"{name}_output")

    def advance(x: Any, states: list[Any]) -> list[Any]:
        (h,) = states
        z_and_r = gate(add([x[:, gates], again(h)]))
        z, r = z_and_r[:, :units], z_and_r[:, units:]
        recalled = reset([r, candidate(h)]) if after else candidate(reset([r, h]))
        new = activate(add_reset([x[:, rest], recalled]))
        return [give([keep([z, h]), renew([1 - z, new])])]

    return Cell(("h",), units, project, advance)


RECURRENT: dict[str, Callable[[Any], Cell]] = {"SimpleRNN": _simple, "GRU": _gru, "LSTM": _lstm}


def _bias(layer: Any) -> NDArray[np.float32]:
    cell = layer.cell
    return np.array(cell.bias) if cell.use_bias else np.zeros(cell.kernel.shape[1], np.float32)


def _recurrent(layer: Any, columns: Any, name: str = "recurrent", bias: NDArray[np.float32] | None = None) -> Any:
    return _dense(layer, name, np.array(layer.cell.recurrent_kernel)[:, columns], bias)


def _dense(layer: Any, name: str, kernel: Any, bias: NDArray[np.float32] | None) -> Any:
    from keras import layers

    made = layers.Dense(kernel.shape[1], use_bias=bias is not None, name=f"{layer.name}_{name}")
    made.build((None, kernel.shape[0]))
    made.set_weights([np.array(kernel)] if bias is None else [np.array(kernel), bias])
    return made
