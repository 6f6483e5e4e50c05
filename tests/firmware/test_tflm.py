"""Folders for TensorFlow Lite Micro: what they compile to, and the arena that they ask for."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeasr.errors import ArtefactError
from edgeasr.tflite.schema import OPERATORS as SCHEMA_OPERATORS
from edgeasr_firmware.boards import BOARDS
from edgeasr_firmware.codegen.lower import OPERATORS
from edgeasr_firmware.formats.tflm import _call, write_tflm
from tests.tflite.builder import Value, one

Need = Callable[[str], None]

# Methods of MicroMutableOpResolver: tensorflow/lite/micro/micro_mutable_op_resolver.h
RESOLVER = """
#include <cstdint>
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
namespace tflite {
template <unsigned int count> struct MicroMutableOpResolver {
    unsigned int added = 0;
    TfLiteStatus add() { return added++ < count ? kTfLiteOk : kTfLiteError; }
    METHODS
};
}
"""
METHODS = """
Abs Add AddN ArgMax ArgMin AssignVariable AveragePool2D BatchMatMul BatchToSpaceNd BroadcastArgs BroadcastTo CallOnce
Cast Ceil CircularBuffer Concatenation Conv2D Cos CumSum DepthToSpace DepthwiseConv2D Dequantize DetectionPostprocess
Div Elu EmbeddingLookup Equal Exp ExpandDims Fill Floor FloorDiv FloorMod FullyConnected Gather GatherNd Greater
GreaterEqual HardSwish If L2Normalization L2Pool2D LeakyRelu Less LessEqual Log LogSoftmax LogicalAnd LogicalNot
LogicalOr Logistic MaxPool2D Maximum Mean Minimum MirrorPad Mul Neg NotEqual Pack Pad PadV2 Prelu Quantize
ReadVariable ReduceMax Relu Relu6 Reshape ResizeBilinear ResizeNearestNeighbor Round Rsqrt SelectV2 Shape Sin Slice
Softmax SpaceToBatchNd SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StridedSlice Sub Sum Svdf Tanh
Transpose TransposeConv UnidirectionalSequenceLSTM Unpack VarHandle While ZerosLike
"""


def test_tflm_spells_every_operator_as_the_resolver_does() -> None:
    spelled = {_call(name)[3:] for name in OPERATORS}
    assert spelled <= set(METHODS.split())
    every = {_call(name)[3:] for name in SCHEMA_OPERATORS} | {"CircularBuffer", "DetectionPostprocess"}
    assert set(METHODS.split()) <= every


def test_tflm_folder_compiles_and_holds_the_model(model: Path, tmp_path: Path, need: Need) -> None:
    need("clang++")
    folder = write_tflm(model, BOARDS["host"], tmp_path / "out")
    assert folder.calls == ("AddFullyConnected",)
    header = tmp_path / "tensorflow/lite/micro/micro_mutable_op_resolver.h"
    header.parent.mkdir(parents=True)
    methods = "\n".join(f"TfLiteStatus Add{name}() {{ return add(); }}" for name in METHODS.split())
    header.write_text(RESOLVER.replace("METHODS", methods))
    (tmp_path / "main.cc").write_text("""
#include "ea_model_data.h"
#include "ea_model_resolver.h"
#include <cstdio>
int main()
{
    ea_model_resolver resolver;
    if (ea_model_register(resolver) != kTfLiteOk)
        return 1;
    fwrite(ea_model_data, 1, sizeof ea_model_data, stdout);
    return 0;
}
""")
    command = ["clang++", "-std=c++17", "-Wall", "-Werror", f"-I{tmp_path}", f"-I{folder.folder}"]
    command += [str(tmp_path / "main.cc"), str(folder.folder / "ea_model_data.cc"), "-o", str(tmp_path / "main")]
    subprocess.run(command, check=True, timeout=120)
    assert subprocess.run([tmp_path / "main"], capture_output=True, check=True).stdout == model.read_bytes()


def test_tflm_arena_is_what_the_interpreter_needs(real: Callable[[str], Path], tmp_path: Path) -> None:
    from tflite_micro.python.tflite_micro import runtime

    path = real("models/mlperf_kws_int8.tflite")
    arena_bytes = write_tflm(path, BOARDS["host"], tmp_path / "out").arena_bytes
    runtime.Interpreter.from_file(str(path), arena_size=arena_bytes).invoke()
    assert 20_000 < arena_bytes < 30_000


def test_tflm_tells_of_a_model_that_it_cannot_run(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(one("RANGE", [Value((), "INT8", 0.1)] * 3, [Value((4,), "INT8", 0.1)]))
    with pytest.raises(ArtefactError, match="tflite-micro cannot run it"):
        write_tflm(path, BOARDS["host"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
