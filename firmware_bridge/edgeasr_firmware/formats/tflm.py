"""A model for TensorFlow Lite Micro: its bytes as a C array, the operators to link, the size of the arena."""

from dataclasses import dataclass
from pathlib import Path

from edgeasr.errors import FirmwareError
from edgeasr.tflite.arena import measure_arena_bytes
from edgeasr.tflite.inline import inlined
from edgeasr.tflite.model import Model, read_model
from edgeasr_firmware.boards import Board
from edgeasr_firmware.export import check_size, origin_of, write_files

__all__ = ["TflmFolder", "resolver_calls", "write_tflm"]

_BYTES_A_LINE = 20
# MicroMutableOpResolver spells these in its own way, the others by the rule of `_call`.
_CALLS = {
    "BATCH_MATMUL": "AddBatchMatMul",
    "CUMSUM": "AddCumSum",
    "CUSTOM:TFLite_Detection_PostProcess": "AddDetectionPostprocess",
    "CUSTOM:CIRCULAR_BUFFER": "AddCircularBuffer",
    "PADV2": "AddPadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
}


@dataclass(frozen=True)
class TflmFolder:
    """A folder that was written.

    Attributes:
        folder: where it is.
        files: names of the files in it.
        calls: of the resolver, one for each operator that the model uses.
        arena_bytes: that the interpreter took, measured on this computer.
    """

    folder: Path
    files: tuple[str, ...]
    calls: tuple[str, ...]
    arena_bytes: int


def write_tflm(path: Path, board: Board, out: Path) -> TflmFolder:
    """Write a TFLite file as C++ for TensorFlow Lite Micro, which has to be there to build it.

    Args:
        path: a TFLite file, of floats or integers.
        board: that it is meant for.
        out: folder to write; one that was written before is replaced.

    Raises:
        ArtefactError: the file cannot be read, or TensorFlow Lite Micro cannot run it.
        FirmwareError: it is too large for the board, or `out` is a folder of other things.
        MissingPackageError: `tflite-micro` is not installed.
    """
    model, data = read_model(path), inlined(path.read_bytes())
    calls, arena_bytes = resolver_calls(model), measure_arena_bytes(path)
    check_size(board, len(data), arena_bytes)
    origin = origin_of(path, board, "tflm")
    files = {
        "ea_model_data.h": _data_h(origin, len(data), arena_bytes, _variables(model)),
        "ea_model_data.cc": _data_cc(origin, data),
        "ea_model_resolver.h": _resolver_h(origin, calls),
        "README.md": _readme(origin, arena_bytes),
    }
    write_files(out, files)
    return TflmFolder(out, tuple(sorted(files)), calls, arena_bytes)


def resolver_calls(model: Model) -> tuple[str, ...]:
    """Give the calls of `MicroMutableOpResolver` for exactly the operators that a model uses, in all its subgraphs.

    Raises:
        FirmwareError: it has a custom operator that TensorFlow Lite Micro lacks.
    """
    names = sorted({operator.name for graph in model.subgraphs for operator in graph.operators})
    return tuple(map(_call, names))


def _call(name: str) -> str:
    if name in _CALLS:
        return _CALLS[name]
    if name.startswith("CUSTOM:"):
        raise FirmwareError(f"tflm: expected operators of TensorFlow Lite Micro, got {name}: register it by hand")
    return "Add" + "".join(word if word[0].isdigit() else word.capitalize() for word in name.split("_"))


def _variables(model: Model) -> int:
    """Count the resource variables, for which an interpreter needs places."""
    handles = [operator for graph in model.subgraphs for operator in graph.operators if operator.name == "VAR_HANDLE"]
    return len({(operator.options["container"], operator.options["shared_name"]) for operator in handles})


def _data_h(origin: str, model_bytes: int, arena_bytes: int, variables: int) -> str:
    return f"""\
/* {origin} */
#ifndef EA_MODEL_DATA_H
#define EA_MODEL_DATA_H

/* What the interpreter of tflite-micro took on 64 bits; on 32 bits its own structures are smaller. */
#define EA_MODEL_ARENA_BYTES {arena_bytes}
/* Resource variables: the argument of MicroResourceVariables::Create where there are any. */
#define EA_MODEL_RESOURCE_VARIABLES {variables}
#define EA_MODEL_DATA_BYTES {model_bytes}

extern const unsigned char ea_model_data[EA_MODEL_DATA_BYTES];

#endif
"""


def _data_cc(origin: str, data: bytes) -> str:
    lines = [f"/* {origin} */", '#include "ea_model_data.h"', "", "alignas(16) const unsigned char ea_model_data[] = {"]
    for start in range(0, len(data), _BYTES_A_LINE):
        lines.append("    " + " ".join(f"{value}," for value in data[start : start + _BYTES_A_LINE]))
    return "\n".join([*lines, "};"]) + "\n"


def _resolver_h(origin: str, calls: tuple[str, ...]) -> str:
    added = " &&\n            ".join(f"resolver.{call}() == kTfLiteOk" for call in calls)
    return f"""\
/* {origin} */
#ifndef EA_MODEL_RESOLVER_H
#define EA_MODEL_RESOLVER_H

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

using ea_model_resolver = tflite::MicroMutableOpResolver<{len(calls)}>;

/* Register the operators that the model uses, and no others. */
inline TfLiteStatus ea_model_register(ea_model_resolver &resolver)
{{
    bool added = {added};
    return added ? kTfLiteOk : kTfLiteError;
}}

#endif
"""


def _readme(origin: str, arena_bytes: int) -> str:
    return f"""\
# Model for TensorFlow Lite Micro

{origin}

```cpp
#include "ea_model_data.h"
#include "ea_model_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"

alignas(16) static uint8_t arena[EA_MODEL_ARENA_BYTES];

ea_model_resolver resolver;
ea_model_register(resolver);
tflite::MicroInterpreter interpreter(tflite::GetModel(ea_model_data), resolver, arena, sizeof arena);
interpreter.AllocateTensors();
```

The arena is {arena_bytes} bytes, as measured with `tflite-micro` on a computer of 64 bits. Other kernels, such as those
of CMSIS-NN, may want scratch memory on top.
"""
