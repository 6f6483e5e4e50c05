"""Arrays in the JSON that the agent reports."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["pack", "unpack"]


def pack(array: NDArray[Any]) -> dict[str, Any]:
    """Write an array as what JSON can hold."""
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return {"dtype": little.dtype.str, "shape": little.shape, "base64": base64.b64encode(little.tobytes()).decode()}


def unpack(packed: dict[str, Any]) -> NDArray[Any]:
    """Read what `pack` wrote."""
    return np.frombuffer(base64.b64decode(packed["base64"]), packed["dtype"]).reshape(packed["shape"])
