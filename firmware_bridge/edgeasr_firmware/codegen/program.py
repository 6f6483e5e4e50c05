"""A model as the C program that it becomes: constant tables, buffers, and the kernel calls in their order."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.tflite.model import Tensor

__all__ = ["Buffer", "Program", "Step", "Struct", "Table"]


@dataclass(frozen=True)
class Buffer:
    """A piece of memory that a tensor lives in.

    Attributes:
        name: unique, such as "t22"; what a step calls it.
        bytes: its size.
        persistent: whether it lives from one inference to the next.
    """

    name: str
    bytes: int
    persistent: bool = False


@dataclass(frozen=True)
class Table:
    """A constant array of the C file: its name, and its elements in their order."""

    name: str
    values: NDArray[Any]


@dataclass(frozen=True)
class Struct:
    """A constant structure of the C file: its name, its type, and the C text of its fields."""

    name: str
    type: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Step:
    """One call of a kernel.

    Attributes:
        operator: what it does, for the reader: name and place in the model.
        source: the C file of the kernel without its ending, such as "ea_conv".
        code: the call; `{a}`, `{b}` .. stand for the inputs, `{out}` for the output, `{scratch}` for memory that only
            this call uses.
        inputs: C expressions of constants (`&name`), or names of buffers, in the order of their letters.
        output: name of a buffer.
        scratch_bytes: size of the scratch memory.
        in_place: whether the output may lie where the first input lies.
        macs: products that it computes.
    """

    operator: str
    source: str
    code: str
    inputs: tuple[str, ...]
    output: str
    scratch_bytes: int = 0
    in_place: bool = False
    macs: int = 0


@dataclass
class Program:
    """Everything that the C files of a model are written from.

    Attributes:
        inputs: of the model, with the names of their buffers.
        outputs: of the model, as `inputs`.
        buffers: name to buffer.
        start: steps that are done once, before the first inference.
        steps: of an inference.
        tables: in the order of their use.
        structs: as `tables`.
    """

    inputs: list[tuple[Tensor, str]] = field(default_factory=list)
    outputs: list[tuple[Tensor, str]] = field(default_factory=list)
    buffers: dict[str, Buffer] = field(default_factory=dict)
    start: list[Step] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    structs: list[Struct] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)

    @property
    def constant_bytes(self) -> int:
        """Size of all tables."""
        return sum(table.values.nbytes for table in self.tables)

    def table(self, what: str, values: NDArray[Any]) -> str:
        """Put a constant array into the program and give its name; equal arrays are kept once."""
        values = np.ascontiguousarray(values).reshape(-1)
        key = values.dtype.name + hashlib.sha256(values.tobytes()).hexdigest()
        if key not in self._known:
            self._known[key] = f"{what}_{len(self.tables)}"
            self.tables.append(Table(self._known[key], values))
        return self._known[key]

    def struct(self, what: str, type_: str, **fields: Any) -> str:
        """Put a constant structure into the program and give its name; equal ones are kept once."""
        texts = tuple((name, str(value)) for name, value in fields.items())
        key = type_ + repr(texts)
        if key not in self._known:
            self._known[key] = f"{what}_{len(self.structs)}"
            self.structs.append(Struct(self._known[key], type_, texts))
        return self._known[key]
