"""Boards without an operating system in the report of bench."""

import pytest

from edgeasr.errors import ConfigError, TargetError
from edgeasr_bench import Settings, bench
from edgeasr_bench.report import cost_of, rows, write_report

pytestmark = pytest.mark.usefixtures("without_keras")


@pytest.fixture
def tools(needs):
    """Demand the compilers and the emulator."""
    needs("gcc", "gcc")
    needs("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    needs("qemu-system-arm", "qemu-system-arm")


def test_board_answers_as_the_file_does_and_counts_instructions(keyword_model, keyword_settings, tools, tmp_path):
    (here,) = bench([keyword_model], keyword_settings).results
    run = bench([keyword_model], keyword_settings, "board:cortex-m4f")
    (result,) = run.results
    assert (run.kind, run.environment.cpu, run.environment.memory_bytes) == ("emulated", "cortex-m4f", None)
    assert result.accuracy.n == here.accuracy.n == 12
    assert abs(result.accuracy.correct - here.accuracy.correct) <= 1  # TensorFlow Lite rounds otherwise on a PC
    assert 3_000_000 < result.instructions < 6_000_000
    assert result.image.arena_bytes <= 16_500
    assert result.image.flash_bytes <= 48_000
    assert result.latency_us is None
    assert result.notes[-1].startswith("12 of 12 outputs equal")
    text = rows(cost_of(run), run.results)[0]
    assert f"{result.instructions:,}" in text
    write_report(tmp_path / "report.html", [run])
    page = (tmp_path / "report.html").read_text()
    assert "Emulated: times say nothing" in page
    assert f"{result.instructions:,}" in page
    assert "Accuracy against latency" not in page


def test_board_that_is_this_computer_has_sizes_and_no_instructions(keyword_model, keyword_settings, tools):
    run = bench([keyword_model], keyword_settings, "board:host")
    (result,) = run.results
    assert (run.kind, result.instructions, result.image.stack_bytes) == ("measured", None, None)
    assert result.image.flash_bytes > 20_000
    assert result.accuracy.n == 12


def test_board_of_another_name_is_an_error(keyword_model):
    with pytest.raises(ConfigError, match="unknown board 'z80': expected one of board:host, board:cortex-m0"):
        bench([keyword_model], Settings(), "board:z80")


def test_board_takes_int8_files_only(make_bundle):
    with pytest.raises(TargetError, match="board:host: expected int8 TFLite files, got none"):
        bench([make_bundle().path], Settings(), "board:host")
