"""The record of a bench run, and its JSON, which other programs rely on; it is extended only by adding keys.

The JSON is `asdict` of `Run`, without the raw timings, which stand beside it in an NPZ file. The JSON Schema of it is
`schema/run.schema.json`, made from these classes and their docstrings by `edgeasr_bench.schema`. A key that is added
raises `Run.version`: a record of a newer version is refused with a line that says so, an older one is read.
"""

import json
import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgeasr.atomic import replacing
from edgeasr.config import read_document
from edgeasr.errors import ConfigError, DataError
from edgeasr_bench.agent.conditions import Conditions
from edgeasr_bench.environment import Environment
from edgeasr_bench.result import (
    BINS_PER_OCTAVE,
    Confusion,
    Estimate,
    Histogram,
    Image,
    Latency,
    Ratio,
    Result,
)

__all__ = [
    "BINS_PER_OCTAVE",
    "Choice",
    "Confusion",
    "Estimate",
    "Histogram",
    "Image",
    "Kind",
    "Latency",
    "Ratio",
    "Result",
    "Run",
    "is_record",
]

Kind = Literal["measured", "emulated", "estimated"]

_OLDEST = 2  # before it, records had no version, no histogram and no rounds


@dataclass(frozen=True)
class Choice:
    """What to ship: the fastest of the artefacts that meet some conditions.

    Attributes:
        conditions: separated by commas, as they were given.
        artefact: the name of the chosen one in the results; null where none meets them all.
        runtime: that is to run it; null without one.
        threads: with which it was measured; null without one.
        reason: in words.
        excluded: a line for each artefact that does not meet them all, which says why.
    """

    conditions: str
    artefact: str | None
    runtime: str | None
    threads: int | None
    reason: str
    excluded: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A bench run on one target.

    Attributes:
        environment: what it ran on.
        results: one an artefact and number of threads, in the order of the arguments.
        notes: what a reader must know of the whole run.
        samples_ns: the raw timings of the inference, by artefact: one array a round; not in the JSON.
        version: of this document.
        command: the command line that made it.
        target: where it ran, in the form that `edgeasr bench` takes it.
        kind: whether times were measured on that target, on an emulation of it, or estimated. Only measured times are
            ever ranked.
        bundles: sha256 of the manifest of each bundle that was benched, which has those of all its files, by name.
        before: conditions of the target when the timing began; null where they are not known.
        after: when it ended; what changed so that the times cannot be trusted is among the notes.
        choice: what to ship; null where that was not asked for.
        lost: why the target failed before all was measured; empty where all was.
    """

    environment: Environment
    results: tuple[Result, ...]
    notes: tuple[str, ...] = ()
    samples_ns: dict[str, tuple[NDArray[np.int64], ...]] = field(default_factory=dict, repr=False, compare=False)
    version: int = 3
    command: str = ""
    target: str = "local"
    kind: Kind = "measured"
    bundles: dict[str, str] = field(default_factory=dict)
    before: Conditions | None = None
    after: Conditions | None = None
    choice: Choice | None = None
    lost: str = ""

    def to_json(self) -> str:
        """Write the record as JSON."""
        names = [item.name for item in fields(self) if item.name != "samples_ns"]
        values = {name: getattr(self, name) for name in names}
        text = json.dumps(values, indent=1, default=asdict)
        return re.sub(r"\[\n[-+\de.,\s]+\]", lambda numbers: "".join(numbers[0].split()).replace(",", ", "), text)

    @classmethod
    def read(cls, path: Path) -> "Run":
        """Read a record, without its raw timings.

        Raises:
            DataError: the file is no record, or of a version that cannot be read.
        """
        values = _read_json(path)
        if not _is_record(values):
            raise DataError(f"{path}: expected a record, as `edgeasr bench --out` writes it")
        version = values.get("version", 1)
        if isinstance(version, int) and version < _OLDEST:
            raise DataError(f"{path}: a record of version {version}, which is no longer read: bench again")
        try:
            run = read_document(cls, {key: value for key, value in values.items() if key != "samples_ns"}, str(path))
        except ConfigError as error:
            raise DataError(str(error)) from error
        there = {(result.artefact, result.threads) for result in run.results}
        for result in run.results:
            ratio, original = result.ratio_to_float, result.original
            missing = [ratio.baseline] if ratio and (ratio.baseline, result.threads) not in there else []
            missing += [original] if original and original not in dict(there) else []
            if missing:
                raise DataError(f"{path}: compares with {missing[0]}, which is not among its results: bench again")
        return run

    def write_samples(self, path: Path) -> None:
        """Write the raw timings, an NPZ: int64 [calls, 2] for each artefact, number of the round and nanoseconds."""
        arrays: dict[str, Any] = {}
        for artefact, rounds in self.samples_ns.items():
            numbers = np.repeat(np.arange(len(rounds)), [len(times) for times in rounds])
            arrays[artefact] = np.column_stack([numbers, np.concatenate(rounds)])
        with replacing(path) as scratch, scratch.open("wb") as file:  # given a path, NumPy would add .npz to it
            np.savez_compressed(file, **arrays)


def is_record(path: Path) -> bool:
    """Tell whether a file is a record, of whatever version: an object with `environment` and a list of `results`."""
    return _is_record(_read_json(path))


def _is_record(values: Any) -> bool:
    return isinstance(values, dict) and "environment" in values and isinstance(values.get("results"), list)


def _read_json(path: Path) -> Any:
    """Read a JSON file; None where it is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
