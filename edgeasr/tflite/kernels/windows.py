"""Sliding windows over height and width: what convolution and pooling share."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.tflite.kernels.call import Call, check_size

__all__ = ["Windows", "windows"]

_MOST_TAPS = 1 << 16


@dataclass(frozen=True)
class Axis:
    """Windows along one dimension: `before` and `after` are rows of padding, `count` the windows."""

    size: int
    stride: int
    dilation: int
    before: int
    after: int
    count: int

    def rows(self, tap: int) -> slice:
        """Select what element `tap` of every window sees, in the padded input."""
        first = tap * self.dilation
        return slice(first, first + (self.count - 1) * self.stride + 1, self.stride)


@dataclass(frozen=True)
class Windows:
    """Windows over an image."""

    height: Axis
    width: Axis

    def taps(self, image: NDArray[Any], fill: Any) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """Give for every element of the window what the windows have there.

        Args:
            image: [batch, height, width, channels].
            fill: value outside the image.

        Yields:
            row and column in the window, and [batch, windows down, windows across, channels].
        """
        rows, columns = (self.height.before, self.height.after), (self.width.before, self.width.after)
        batch, height, width, channels = image.shape
        check_size((batch, height + sum(rows), width + sum(columns), channels))
        padded = np.pad(image, ((0, 0), rows, columns, (0, 0)), constant_values=fill)
        for row in range(self.height.size):
            for column in range(self.width.size):
                yield row, column, padded[:, self.height.rows(row), self.width.rows(column)]


def windows(call: Call, size: tuple[int, int]) -> Windows:
    """Lay windows over the input of an operator, [batch, height, width, channels].

    Args:
        call: the operator.
        size: height and width of the window.

    Raises:
        ArtefactError: no window fits, or there are not as many as the output has places.
    """
    if size[0] * size[1] > _MOST_TAPS:
        raise ArtefactError(f"expected a window of at most {_MOST_TAPS} elements, got {size[0]} x {size[1]}")
    options, (_, height, width, _) = call.operator.options, call.source().shape
    same = options["padding"] == "SAME"
    found = Windows(
        _axis(height, size[0], options["stride_h"], options.get("dilation_h_factor", 1), same),
        _axis(width, size[1], options["stride_w"], options.get("dilation_w_factor", 1), same),
    )
    counts = found.height.count, found.width.count
    if counts != call.output.shape[1:3]:  # before anything is computed in vain
        raise ArtefactError(
            f"{call.operator.name}: expected an output of height and width {counts}, got {call.output.shape[1:3]}"
        )
    return found


def _axis(length: int, size: int, stride: int, dilation: int, same: bool) -> Axis:
    if min(length, size, stride, dilation) < 1:
        raise ArtefactError(f"expected windows of 1 or more, got size {size}, stride {stride}, dilation {dilation}")
    span = (size - 1) * dilation + 1
    count = -(-(length if same else length - span + 1) // stride)
    if count < 1:
        raise ArtefactError(f"expected windows inside {length} rows or columns, one spans {span}")
    padding = max(0, (count - 1) * stride + span - length)
    return Axis(size, stride, dilation, padding // 2, padding - padding // 2, count)
