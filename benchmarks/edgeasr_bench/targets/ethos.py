"""Arm's Ethos-U neural processors, as their compiler ethos-u-vela estimates them: nothing runs."""

import csv
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeasr.errors import ConfigError, TargetError
from edgeasr.machine import package_version
from edgeasr.packages import check_installed
from edgeasr.runtime import load
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.measurement import Measured, Measurement, measurement_of
from edgeasr_bench.progress import Note, Progress
from edgeasr_bench.record import Estimate
from edgeasr_bench.settings import Settings
from edgeasr_bench.targets.microcontroller import chip_environment, integer_models

__all__ = ["PROCESSORS", "Processor", "estimate", "measure"]

_LIMIT_S = 300
_KIB = 1024


@dataclass(frozen=True)
class Processor:
    """What the compiler has to know of a processor and of the system around it, by its own names."""

    system: str
    memory: str


PROCESSORS: Mapping[str, Processor] = {
    "u55-128": Processor("Ethos_U55_High_End_Embedded", "Shared_Sram"),
    "u65-256": Processor("Ethos_U65_High_End", "Dedicated_Sram"),
    "u85-256": Processor("Ethos_U85_SYS_DRAM_Mid", "Dedicated_Sram"),
}


def measure(
    place: str, candidates: Sequence[Candidate], settings: Settings, note: Note, progress: Progress
) -> Measured:
    """Estimate candidates on a processor, as `Measure` says; only int8 TFLite files.

    Args:
        place: key of `PROCESSORS`.
        settings: of no matter here.
        candidates, note, progress: as of `Measure`.
    """
    if place not in PROCESSORS:
        raise ConfigError(
            f"unknown processor {place!r}: expected one of {', '.join(f'ethos-{name}' for name in PROCESSORS)}"
        )
    check_installed("ethosu", "ethos", "estimating an Ethos-U")
    chosen = integer_models(candidates, note)
    measurements: list[Measurement] = []
    for number, one in enumerate(chosen):
        progress(f"estimating {one.name}", number / len(chosen))
        found = estimate(one.file, place)
        model = load(one.source, one.runtime)
        measurements.append(measurement_of(one, model, None, None, None, runtime_version=found.by, estimate=found))
    note("estimated by the compiler, not measured: nothing ran, so there are no answers and no accuracy")
    packages = {"ethos-u-vela": package_version("ethos-u-vela")}
    environment = chip_environment(f"Ethos-{place.upper()}", PROCESSORS[place].system, packages)
    return Measured("estimated", environment, tuple(measurements), before=None, after=None)


def estimate(file: Path, place: str) -> Estimate:
    """Ask the compiler, in a process of its own, what a TFLite file costs.

    Args:
        file: an int8 one.
        place: key of `PROCESSORS`.

    Raises:
        TargetError: the compiler does not take the file.
    """
    processor = PROCESSORS[place]
    with tempfile.TemporaryDirectory(prefix="edgeasr-vela.") as scratch:
        command = [sys.executable, "-m", "ethosu.vela", str(file.resolve()), f"--accelerator-config=ethos-{place}"]
        command += ["--config=Arm/vela.ini", f"--system-config={processor.system}", f"--memory-mode={processor.memory}"]
        command += [f"--output-dir={scratch}"]
        try:
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise TargetError(f"{file.name}: ethos-u-vela did not end within {_LIMIT_S} s") from error
        tables = sorted(Path(scratch).glob("*_summary_*.csv"))
        if done.returncode or not tables:
            lines = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
            raise TargetError(f"{file.name}: ethos-u-vela does not take it ({lines[-1].strip()})")
        with tables[0].open(newline="") as table:
            (row,) = csv.DictReader(table)
        return _read(row, done.stdout, processor)


def _read(row: Mapping[str, str], printed: str, processor: Processor) -> Estimate:
    """Read what the compiler says: the row of its table and, for the operators, its text."""
    operators = {unit: int(count) for unit, count in re.findall(r"([CN])PU operators = (\d+)", printed)}
    memories = ("on_chip_flash_memory_used", "off_chip_flash_memory_used", "dram_memory_used")
    return Estimate(
        by=f"ethos-u-vela {package_version('ethos-u-vela')}",
        system=f"{processor.system}, {processor.memory}",
        cycles=round(float(row["cycles_total"])),
        clock_mhz=float(row["core_clock"]) / 1e6,
        us=round(1e6 * float(row["inference_time"]), 3),
        sram_bytes=round(_KIB * float(row["sram_memory_used"])),
        storage_bytes=round(_KIB * sum(float(row[memory]) for memory in memories)),
        operators=sum(operators.values()),
        on_cpu=operators.get("C", 0),
    )
