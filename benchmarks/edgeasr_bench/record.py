"""The record of a bench run, and its JSON, which other programs rely on; it is extended only by adding keys.

`{"environment": {...}, "results": [...], "notes": [...]}`: the environment as in `environment.py`, notes on
the whole run, and one result an artefact, with these keys:

- artefact: file name, with folders in front of it where two files would have the same.
- runtime: key of `edgeasr.runtime.RUNTIMES`.
- runtime_version: package and version.
- scheme: quantisation scheme; "float32" of the Keras model, "unknown" of a file that edgeasr did not write.
- threads: those that the runtime used.
- latency_us: of one inference on ready features: p50, p95, p99 in microseconds, and samples, the number of
  calls that they are of.
- ratio_to_float: time of `baseline` divided by time of this one, so ABOVE 1 THIS ONE IS FASTER: median of
  the rounds, and low and high of its 95 % interval. `baseline` is the float32 artefact of the same model in
  the same runtime; 1 for itself, null without one.
- accuracy: value, low and high of its 95 % interval (Wilson), correct of n clips; of a model that transcribes, a
  clip without any error in its transcript is correct; null without labelled clips.
- agreement: share of the clips that get the label which `original` gives them, of a model that transcribes share of
  its characters; null without that.
- mcnemar_p: McNemar's exact test of the accuracy against `original`; null without that.
- bytes: size of the file.
- peak_rss_bytes: largest resident memory of a fresh process that holds this model and its runtime only,
  Python included.
- load_ms: in that process, import of the runtime and loading of the model.
- original: the float original: the Keras model, or the float32 artefact where that was not run; null
  without one, or without labelled clips.
- first_inference_ms: in the process of `load_ms`, the first call after it.
- latency_with_frontend_us: as latency_us, from a clip of audio to the scores; null without a front end.
- frontend_us: as latency_us, the front end alone; null without one.
- sha256: hash of the file.
- model_sha256: hash of the Keras model that it was converted from; null where the file does not say.
- notes: what a reader must know of this result.
- transcription: of a model that transcribes, wer and cer with the low and high of their 95 % intervals (bootstrap),
  substitutions, deletions, insertions, words, utterances; null of the others.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.atomic import replacing
from edgeasr.metrics.classification import Accuracy
from edgeasr.metrics.transcription import Transcription
from edgeasr_bench.environment import Environment

__all__ = ["Latency", "Ratio", "Result", "Run"]


@dataclass(frozen=True)
class Latency:
    """Percentiles of single calls, in microseconds, and how many were timed."""

    p50: float
    p95: float
    p99: float
    samples: int


@dataclass(frozen=True)
class Ratio:
    """Time of `baseline` / time of this one, with its 95 % interval: above 1 this one is faster."""

    baseline: str
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """What was measured of one artefact; the module's docstring says what each field means."""

    artefact: str
    runtime: str
    runtime_version: str
    scheme: str
    threads: int
    latency_us: Latency
    ratio_to_float: Ratio | None
    accuracy: Accuracy | None
    agreement: float | None
    mcnemar_p: float | None
    bytes: int
    peak_rss_bytes: int
    load_ms: float
    original: str | None
    first_inference_ms: float
    latency_with_frontend_us: Latency | None
    frontend_us: Latency | None
    sha256: str
    model_sha256: str | None
    notes: tuple[str, ...] = ()
    transcription: Transcription | None = None


@dataclass(frozen=True)
class Run:
    """A bench run.

    Attributes:
        environment: what it ran on.
        results: one an artefact, in the order of the arguments.
        notes: what a reader must know of the whole run.
        samples_ns: the raw timings of the inference, by artefact: one array a round; not in the JSON.
    """

    environment: Environment
    results: tuple[Result, ...]
    notes: tuple[str, ...] = ()
    samples_ns: dict[str, tuple[NDArray[np.int64], ...]] = field(default_factory=dict, repr=False)

    def to_json(self) -> str:
        """Write the record as JSON."""
        values = {
            "environment": asdict(self.environment),
            "results": [asdict(result) for result in self.results],
            "notes": self.notes,
        }
        return json.dumps(values, indent=1)

    def write_samples(self, path: Path) -> None:
        """Write the raw timings, an NPZ: int64 [calls, 2] for each artefact, number of the round and nanoseconds."""
        arrays: dict[str, Any] = {}
        for artefact, rounds in self.samples_ns.items():
            numbers = np.repeat(np.arange(len(rounds)), [len(times) for times in rounds])
            arrays[artefact] = np.column_stack([numbers, np.concatenate(rounds)])
        with replacing(path) as scratch, scratch.open("wb") as file:  # given a path, NumPy would add .npz to it
            np.savez_compressed(file, **arrays)
