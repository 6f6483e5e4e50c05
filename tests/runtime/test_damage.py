"""Files that are not what they should be: one clear error, and never a crash. Each is loaded in a child process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeasr.errors import ArtefactError, ConfigError
from edgeasr.runtime import load

# Loads and runs each file; prints for each what came of it, so that a crash shows after which file it came.
CHILD = """
import json, sys
import numpy as np
from edgeasr.errors import ArtefactError
from edgeasr.runtime import load
for path in sys.argv[1:]:
    try:
        model = load(path)
        model.run(np.zeros(model.input_shape, np.float32))
    except ArtefactError as error:
        print(json.dumps(str(error)), flush=True)
    else:
        print(json.dumps(None), flush=True)
"""


def load_in_child(paths: list[Path]) -> list[str | None]:
    """Return the message of the ArtefactError that each file raised, None where it loaded and ran."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *paths], env=environment, capture_output=True, text=True, timeout=120
    )
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{paths[len(messages)]}: {done.returncode} {done.stderr}"
    return messages


def cut(path: Path, lengths: list[int]) -> list[Path]:
    content = path.read_bytes()
    pieces = []
    for length in lengths:
        pieces.append(path.with_name(f"cut{length}{path.suffix}"))
        pieces[-1].write_bytes(content[:length])
    return pieces


@pytest.mark.parametrize("name", ["tflite.float32", "tflite.int8", "onnxruntime.float32", "onnxruntime.int8"])
def test_truncated_artefact_is_an_error_at_any_length(name: str, copy: Callable[[str], Path]) -> None:
    path = copy(name)
    size = path.stat().st_size
    lengths = [
        0,
        1,
        4,
        7,
        8,
        9,
        64,
        *(size * part // 16 for part in range(1, 16)),
        size - 3000,
        size - 100,
        size - 1,
    ]
    messages = load_in_child([path, *cut(path, lengths)])
    assert messages[0] is None
    for length, message in zip(lengths, messages[1:], strict=True):
        assert message is not None, f"{length} of {size} bytes were taken for a whole {path.suffix} file"
        assert f"cut{length}" in message
        assert message.count("\n") == 0


def test_truncated_foreign_model_is_an_error_at_any_length(real: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "foreign.tflite"
    path.write_bytes(real("models/mlperf_kws_int8.tflite").read_bytes())
    size = path.stat().st_size
    lengths = [8, 20, *(size * part // 16 for part in range(1, 16)), size - 100, size - 1]
    messages = load_in_child([path, *cut(path, lengths)])
    assert messages[0] is None
    assert all(messages[1:])


def test_file_of_another_kind_is_an_error(tmp_path: Path, copy: Callable[[str], Path]) -> None:
    tflite, onnx = copy("tflite.int8"), copy("onnxruntime.int8")
    contents = {
        "empty": b"",
        "text": b"This is no model, whatever its name says.\n" * 9,
        "zeros": bytes(5000),
        "looks_like_it": b"\x1c\x00\x00\x00TFL3" + bytes(5000),
        "points_far_away": b"\xff\xff\xff\x7fTFL3" + b"\xff" * 5000,
    }
    paths = []
    for suffix, other in ((".tflite", onnx), (".onnx", tflite)):
        for name, content in {**contents, "the_other": other.read_bytes()}.items():
            paths.append(tmp_path / f"{name}{suffix}")
            paths[-1].write_bytes(content)
    for path, message in zip(paths, load_in_child(paths), strict=True):
        assert message is not None, f"{path.name} was loaded"
        assert path.name in message


def test_text_file_is_told_from_tflite_by_its_head(tmp_path: Path) -> None:
    (tmp_path / "notes.tflite").write_text("This is text.")
    with pytest.raises(ArtefactError, match=r"notes\.tflite: expected a TFLite file, got one without TFL3 at byte 4"):
        load(tmp_path / "notes.tflite")


@pytest.mark.parametrize("runtime", ["tflite", "onnxruntime"])
def test_folder_and_missing_file_are_errors_of_a_runtime_that_is_asked_for(tmp_path: Path, runtime: str) -> None:
    with pytest.raises(ConfigError, match=f"{tmp_path} is run by keras, not by {runtime}: leave the runtime out"):
        load(tmp_path, runtime=runtime)
    with pytest.raises(ArtefactError, match="no such file"):
        load(tmp_path / "none.tflite", runtime=runtime)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_altered_byte_in_a_tflite_model_is_found_by_its_hash(copy: Callable[[str], Path], part: float) -> None:
    path = copy("tflite.int8")
    content = bytearray(path.read_bytes())
    content[int(part * content.index(b"PK\x03\x04"))] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(ArtefactError, match=r"altered since it was exported \(sha256 differs\): export it again"):
        load(path)
