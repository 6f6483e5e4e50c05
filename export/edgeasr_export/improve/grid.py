"""The numbers that quantisation leaves, and the rounding to them, simulated in float."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgeasr_export.schemes import scheme as find_scheme

__all__ = ["Grid", "grid_of", "round_activation", "round_kernel", "weight_steps"]


@dataclass(frozen=True)
class Grid:
    """The numbers that are left.

    Attributes:
        weight_bits: of a weight: whole steps from `-top` to `top` of the largest absolute value, 0 in the middle.
        per_tensor: one step for all weights of a layer, instead of one for each output channel.
        activation_bits: of an activation; None leaves them float.
    """

    weight_bits: int = 8
    per_tensor: bool = False
    activation_bits: int | None = 8

    @property
    def top(self) -> int:
        """The highest weight, in steps."""
        return int(2 ** (self.weight_bits - 1) - 1)


def weight_steps(kernel: Any, channel_axes: Sequence[int], grid: Grid) -> Any:
    """Give the step of the weights: the largest absolute value is `grid.top` steps.

    Args:
        kernel: a tensor.
        channel_axes: its axes that tell output channels apart, counted from the end.
        grid: the numbers.

    Returns:
        A tensor that broadcasts with the kernel.
    """
    from keras import ops

    rank = len(kernel.shape)
    axes = [axis for axis in range(rank) if grid.per_tensor or axis - rank not in channel_axes]
    return ops.maximum(ops.max(ops.abs(kernel), axis=axes, keepdims=True) / grid.top, 1e-12)


def round_kernel(kernel: Any, channel_axes: Sequence[int], grid: Grid) -> Any:
    """Round a kernel to the grid; the gradient passes as if nothing were rounded.

    (Y. Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons", 2013.)
    """
    from keras import ops

    steps = ops.stop_gradient(weight_steps(kernel, channel_axes, grid))
    return kernel + ops.stop_gradient(ops.round(kernel / steps) * steps - kernel)


def round_activation(values: Any, low: Any, high: Any, bits: int) -> Any:
    """Round values to the 2^bits steps of a range; the gradient passes inside of the range only.

    Args:
        values: a tensor.
        low, high: the range; 0 lies inside, and is moved onto a step.
        bits: of a value.
    """
    from keras import ops

    step = ops.maximum((high - low) / (2**bits - 1), 1e-12)
    low = ops.round(low / step) * step
    inside = ops.clip(values, low, low + (2**bits - 1) * step)
    return inside + ops.stop_gradient(ops.round(inside / step) * step - inside)


def grid_of(scheme: str, per_tensor: bool) -> Grid | None:
    """Give the numbers that a quantisation scheme leaves; None for one without integers.

    Args:
        scheme: key of `SCHEMES`.
        per_tensor: one step for all weights of a layer.
    """
    found = find_scheme(scheme)
    return Grid(found.weight_bits, per_tensor, found.activation_bits) if found.weight_bits else None
