"""The arena that TensorFlow Lite Micro takes, as `tflite-micro` says."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.errors import ArtefactError
from edgeasr.tflite.arena import measure_arena_bytes
from tests.tflite.builder import Value, constant, one
from tests.tflite.test_inline import outward


@pytest.fixture
def dense() -> bytes:
    pytest.importorskip("tflite_micro")
    matrix = constant(np.random.default_rng(0).integers(-127, 127, (5, 160)), "int8", scale=0.02)
    return one("FULLY_CONNECTED", [Value((1, 160), "INT8", 0.1), matrix], [Value((1, 5), "INT8", 0.2)])


def test_arena_holds_the_tensors_wherever_the_constants_lie(dense: bytes, tmp_path: Path) -> None:
    inside, behind = tmp_path / "inside.tflite", tmp_path / "behind.tflite"
    inside.write_bytes(dense)
    behind.write_bytes(outward(dense))
    assert 165 < measure_arena_bytes(inside) == measure_arena_bytes(behind) < 4096


def test_arena_of_what_tflite_micro_cannot_run_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("tflite_micro")
    path = tmp_path / "model.tflite"
    path.write_bytes(one("RANGE", [Value((), "INT8", 0.1)] * 3, [Value((4,), "INT8", 0.1)]))
    with pytest.raises(ArtefactError, match=r"^model\.tflite: tflite-micro cannot run it: "):
        measure_arena_bytes(path)
