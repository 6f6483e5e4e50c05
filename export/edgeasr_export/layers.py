"""Keras layers, found again in the files that converters made of them.

Converters name a tensor `model/layer/operation`, several of these with `;` between where operations were fused, and
Keras adds `_1` to each name when it writes a SavedModel, and a higher number where the layer is used again. The outputs
of the model lose theirs; its weights tell there.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from edgeasr.errors import ExportError

__all__ = ["Operator", "no_operator", "operators_of"]


@dataclass(frozen=True)
class Operator:
    """An operator of a file.

    Attributes:
        output: name of its first output.
        names: of its outputs and its constants.
    """

    output: str
    names: tuple[str, ...]


def no_operator(format: str, kind: str, path: str) -> ExportError:
    """Make the error for an operation that a format does not have.

    Args:
        format: what people call it.
        kind: of the operation, as TensorFlow calls it.
        path: name of the operation in the graph, `model/layer/operation`.
    """
    layer = path.rstrip("/").split("/")[-2:][0].removesuffix("_1")
    return ExportError(
        f"{format} has no operator for {kind}, of the layer {layer!r}: build the model of other layers, or export it "
        "to the other format alone, with --format"
    )


def operators_of(layer: str, operators: Sequence[Operator], known: Collection[str]) -> tuple[Operator, ...]:
    """Find the operators that a layer of this name gave rise to, wherever it is used; those shared with others too.

    Args:
        layer: its name.
        operators: of the file.
        known: names of all layers: what looks like a further use of this one may be the first of another.
    """
    name = re.escape(layer)
    again = re.compile(rf"{name}_\d+")
    uses = f"{name}_1" if any(map(again.fullmatch, known)) else again.pattern
    for written in (uses, name):
        pattern = re.compile(rf"(^|[/;]){written}([/;:]|$)")
        found = tuple(operator for operator in operators if any(map(pattern.search, operator.names)))
        if found:
            return found
    return ()
