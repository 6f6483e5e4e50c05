"""The shape of a model's input, which may be open or have dimensions of one more than the features."""

import math
from collections.abc import Sequence

from edgeasr.errors import ExportError

__all__ = ["fit_shape"]


def fit_shape(wanted: Sequence[int | None], features: Sequence[int], where: str) -> tuple[int, ...]:
    """Give the shape in which a model takes features: its own, open dimensions as the features have them.

    Args:
        wanted: of the model's input without the batch; None for open dimensions.
        features: of one clip's features.
        where: the model, for the message.

    Raises:
        ExportError: the features do not fit.

    Example:
        >>> fit_shape((None, 10, 1), (49, 10), "model.onnx")
        (49, 10, 1)
    """
    if _matches(wanted, features):
        return tuple(features)
    proper = [size for size in features if size != 1]
    if _matches([size for size in wanted if size != 1], proper):
        sizes = iter(proper)
        return tuple(1 if size == 1 else next(sizes) for size in wanted)
    if len(wanted) == 1 and wanted[0] in (None, math.prod(features)):
        return (math.prod(features),)
    shown = " x ".join("?" if size is None else str(size) for size in wanted)
    raise ExportError(
        f"{where}: takes features of shape {shown}, got {' x '.join(map(str, features))}: "
        "give the front end, or samples, that it was trained with"
    )


def _matches(wanted: Sequence[int | None], sizes: Sequence[int]) -> bool:
    return len(wanted) == len(sizes) and all(one in (None, other) for one, other in zip(wanted, sizes, strict=True))
