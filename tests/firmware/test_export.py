"""The folder that `edgeasr firmware` writes."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeasr.card import Card, append_to_tflite
from edgeasr.cli import group
from edgeasr.errors import ConfigError, EdgeASRError, FirmwareError
from edgeasr.features.config import FrontendConfig
from edgeasr.spot import SpotterConfig
from edgeasr_firmware.boards import BOARDS
from edgeasr_firmware.export import write_firmware
from tests.tflite.builder import Step, Value, constant, one, write

Need = Callable[[str], None]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Give a small model: convolution, pooling, a fully connected layer, softmax."""
    rng = np.random.default_rng(0)
    source = Value((1, 12, 8, 1), "INT8", 0.05, 3)
    features = Value((1, 6, 4, 9), "INT8", 0.04, -128)
    pooled, scores = Value((1, 1, 1, 9), "INT8", 0.04, -128), Value((1, 3), "INT8", 0.1, 5)
    output = Value((1, 3), "INT8", 1 / 256, -128)
    kernel = constant(rng.integers(-127, 127, (9, 3, 3, 1)), "int8", scale=rng.uniform(0.01, 0.02, 9))
    matrix = constant(rng.integers(-127, 127, (3, 9)), "int8", scale=0.02)
    stride = {"padding": "SAME", "stride_h": 2, "stride_w": 2, "dilation_h_factor": 1, "dilation_w_factor": 1}
    pool = {"padding": "VALID", "stride_h": 6, "stride_w": 4, "filter_height": 6, "filter_width": 4}
    steps = [
        Step("CONV_2D", [source, kernel], [features], {**stride, "fused_activation_function": "RELU"}),
        Step("AVERAGE_POOL_2D", [features], [pooled], pool),
        Step("FULLY_CONNECTED", [pooled, matrix], [scores], {}),
        Step("SOFTMAX", [scores], [output], {"beta": 1.0}),
    ]
    path = tmp_path / "small.tflite"
    path.write_bytes(write((steps, [source], [output])))
    return path


def test_firmware_is_the_same_each_time(model: Path, tmp_path: Path) -> None:
    first, second = (write_firmware(model, BOARDS["cortex-m4f"], tmp_path / name) for name in ("a", "b"))
    assert first.files == second.files
    for name in first.files:
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()
        assert str(tmp_path) not in (first.folder / name).read_text()


def test_firmware_holds_only_the_kernels_that_are_used(model: Path, tmp_path: Path) -> None:
    files = set(write_firmware(model, BOARDS["host"], tmp_path / "out").files)
    assert {"model.c", "model.h", "main.c", "ea_selftest.c", "Makefile", "CMakeLists.txt", "README.md"} <= files
    assert {name for name in files if name.startswith("ea_") and name.endswith(".c")} == {
        "ea_conv.c", "ea_dense.c", "ea_pool.c", "ea_selftest.c", "ea_softmax.c",
    }  # fmt: skip


@pytest.mark.parametrize(("clip_ms", "listens"), [(250, True), (500, False)])
def test_firmware_listens_if_the_model_takes_whole_clips(
    clip_ms: float, listens: bool, model: Path, tmp_path: Path
) -> None:
    """The listener copies the window of a clip into the arena, where a model that takes less has no room for it."""
    frontend = FrontendConfig(clip_ms=clip_ms, mel_bins=8)
    card = Card("small", "int8", ("a", "b", "c"), frontend, "probabilities", "0" * 64)
    model.write_bytes(append_to_tflite(model.read_bytes(), card))
    files = set(write_firmware(model, BOARDS["host"], tmp_path / "out").files)
    assert "ea_frontend.c" in files
    assert ("ea_listen.c" in files) == listens


def test_firmware_refuses_a_hop_that_no_spotter_has(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Card("small", "int8", ("a", "b", "c"), FrontendConfig(clip_ms=250, mel_bins=8), "probabilities", "0" * 64)
    model.write_bytes(append_to_tflite(model.read_bytes(), card))
    monkeypatch.setattr("edgeasr_firmware.export.kept_settings", lambda path: SpotterConfig(hop_ms=5))
    with pytest.raises(ConfigError, match=r"hop_ms must lie in 20 .* to 240 .*, got 5"):
        write_firmware(model, BOARDS["host"], tmp_path / "out")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_firmware_passes_its_own_test(compiler: str, model: Path, tmp_path: Path, need: Need) -> None:
    need(compiler)
    need("make")
    folder = write_firmware(model, BOARDS["host"], tmp_path / "out").folder
    command = ["make", "-C", str(folder), "test", f"CC={compiler}"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    vectors = folder / "ea_selftest.c"
    head, name, expected = vectors.read_text().partition("output_0")
    vectors.write_text(head + name + expected.replace("    {\n    ", "    {\n    1 + ", 1))
    assert subprocess.run(command, capture_output=True, timeout=120).returncode != 0


def test_firmware_of_a_file_with_an_evil_name_compiles(model: Path, tmp_path: Path, need: Need) -> None:
    need("gcc")
    evil = model.rename(tmp_path / "x*\\nall: $(shell touch evil) #.tflite")
    folder = write_firmware(evil, BOARDS["host"], tmp_path / "out").folder
    subprocess.run(["make", "-C", str(folder), "test"], check=True, capture_output=True, timeout=120)
    assert not (folder / "evil").exists()


def test_firmware_is_written_again_over_itself_and_what_was_built(model: Path, tmp_path: Path, need: Need) -> None:
    need("gcc")
    folder = write_firmware(model, BOARDS["host"], tmp_path / "out").folder
    subprocess.run(["make", "-C", str(folder), "test"], check=True, capture_output=True, timeout=120)
    again = write_firmware(model, BOARDS["cortex-m4f"], folder)
    assert sorted(path.name for path in folder.iterdir()) == list(again.files)


def test_firmware_of_a_missing_operator_names_it_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    source, output = Value((2, 3), "INT8", 0.1), Value((2, 3), "INT8", 0.1)
    path.write_bytes(
        write(([Step("ELU", [source], [output], {}), Step("ABS", [output], [source], {})], [source], [output]))
    )
    with pytest.raises(FirmwareError, match="ABS, ELU are missing.*CONV_2D"):
        write_firmware(path, BOARDS["host"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_firmware_of_a_float_model_says_what_is_expected(tmp_path: Path) -> None:
    path, kind = tmp_path / "model.tflite", "FLOAT32"
    weights = constant(np.ones((3, 4)), "float32")
    path.write_bytes(one("FULLY_CONNECTED", [Value((1, 4), kind), weights], [Value((1, 3), kind)]))
    with pytest.raises(FirmwareError, match="expected a model of int8, got FULLY_CONNECTED of FLOAT32"):
        write_firmware(path, BOARDS["host"], tmp_path / "out")


def test_firmware_leaves_a_folder_of_other_things_alone(model: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(FirmwareError, match="choose another"):
        write_firmware(model, BOARDS["host"], tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize(("board", "ram_bytes"), [("cortex-m55", 524288), ("nano33ble", 262144), ("rp2040", 270336)])
def test_firmware_too_large_for_its_board_is_refused_with_the_numbers(
    board: str, ram_bytes: int, tmp_path: Path
) -> None:
    path = tmp_path / "model.tflite"
    source, output = Value((1, 3000, 400), "INT8", 0.1), Value((1, 400, 3000), "INT8", 0.1)
    path.write_bytes(one("TRANSPOSE", [source, constant([0, 2, 1])], [output]))
    with pytest.raises(FirmwareError, match=f"{board} has {ram_bytes} bytes of RAM, and the model needs 2400000"):
        write_firmware(path, BOARDS[board], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_firmware_of_a_damaged_file_is_made_or_refused_in_one_line(
    model: Path, tmp_path: Path, data: st.DataObject
) -> None:
    damaged = bytearray(model.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(8, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.tflite"
    path.write_bytes(damaged[: data.draw(st.integers(8, len(damaged)))] if data.draw(st.booleans()) else damaged)
    try:
        write_firmware(path, BOARDS["cortex-m7"], tmp_path / "out")
    except EdgeASRError as error:
        message = str(error)
        assert "\n" not in message


def test_firmware_command_checks_and_prints_json(model: Path, tmp_path: Path, need: Need) -> None:
    need("gcc")
    out = tmp_path / "out"
    arguments = ["firmware", str(model), "--board", "host", "--out", str(out), "--check", "3", "--json"]
    result = CliRunner().invoke(group, arguments, catch_exceptions=False)
    found = json.loads(result.stdout)
    assert found["check"].pop("oracle") in ("tflite-micro", "the reference runtime")
    assert found["check"] == {"inputs": 3, "bit_exact": True}
    assert found["files"] == sorted(path.name for path in out.iterdir())
    assert found["arena_bytes"] > 0
    assert found["stack_bytes"] is None
    assert found["instructions"] == {"inference": None, "frontend_hop": None}


def test_firmware_command_without_a_check_builds_nothing(model: Path, tmp_path: Path) -> None:
    arguments = ["firmware", str(model), "--board", "cortex-m4f", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert "4 files" not in result.stdout
    assert "CONV_2D" in result.stdout
    assert "flash" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--board", "z80"], "no board 'z80'"), (["--data", "synthetic"], "say how many"), ([], "--out")],
)
def test_firmware_command_names_wrong_usage(arguments: list[str], message: str, model: Path, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")] if arguments else []
    result = CliRunner().invoke(group, ["firmware", str(model), *out, *arguments])
    assert result.exit_code == 2
    assert message in result.stderr
