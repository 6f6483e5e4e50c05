"""What is measured of one artefact, on whatever machine: plain data, which `compare` makes results from."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.metrics.answers import answers, right_answers
from edgeasr.metrics.transcription import Transcription, compare, transcription
from edgeasr.runtime import Runtime
from edgeasr_bench.agent.conditions import Conditions
from edgeasr_bench.agent.work import DutyCycle, Timings
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.environment import Environment
from edgeasr_bench.inputs import Inputs
from edgeasr_bench.latency import Throughput, Timing
from edgeasr_bench.memory import Footprint
from edgeasr_bench.profile import Operator
from edgeasr_bench.record import Estimate, Image, Kind

__all__ = ["Answers", "Measured", "Measurement", "file_sha256", "measurement_of", "read_answers"]


@dataclass(frozen=True)
class Answers:
    """What a model said of labelled clips.

    Attributes:
        predictions: int64 [clips], index of the highest score; str [clips], the transcript, of a CTC model.
        targets: of the same kind, what is right.
        labels: those that the indices mean; none of a CTC model.
    """

    predictions: NDArray[Any]
    targets: NDArray[Any]
    labels: tuple[str, ...] = ()

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each is right: bool [clips]."""
        correct: NDArray[np.bool_] = self.predictions == self.targets
        return correct

    @property
    def errors(self) -> Transcription | None:
        """The word errors of transcripts; None of labels."""
        if self.targets.dtype.kind != "U":
            return None
        pairs = enumerate(zip(self.targets.tolist(), self.predictions.tolist(), strict=True))
        return transcription([compare(f"clip {number}", *texts) for number, texts in pairs])


@dataclass(frozen=True)
class Measurement:
    """All that was measured of one artefact.

    Attributes:
        artefact: its name in the results.
        runtime: key of `RUNTIMES`.
        runtime_version: package and version.
        scheme: quantisation scheme.
        threads: those that the runtime used.
        bytes: size of the file.
        sha256: hash of the file.
        model_sha256: hash of the Keras model that it was converted from; None where the file does not say.
        footprint: memory and load time; None where no process holds this model alone.
        answers: None without labelled clips.
        inference: of ready features; None where nothing was timed.
        with_frontend: from audio to scores; None without a front end.
        frontend: the front end alone; None without one.
        own_call: the runtime's own call alone; None where a clip is not one call.
        duty_cycle: cost of listening in real time; None where that was not asked for, or the model cannot spot.
        throughput: inferences per second in windows of time; None where that was not asked for.
        instructions: of one inference, counted; None where they were not.
        operators: its profile; none where the runtime gives none.
        image: memory of the program on a microcontroller; None elsewhere.
        estimate: of a neural processor; None of all that ran.
        notes: what a reader must know of this one.
    """

    artefact: str
    runtime: str
    runtime_version: str
    scheme: str
    threads: int
    bytes: int
    sha256: str
    model_sha256: str | None
    footprint: Footprint | None
    answers: Answers | None
    inference: Timing | None
    with_frontend: Timing | None
    frontend: Timing | None
    own_call: Timing | None = None
    duty_cycle: DutyCycle | None = None
    throughput: Throughput | None = None
    instructions: int | None = None
    operators: tuple[Operator, ...] = ()
    image: Image | None = None
    estimate: Estimate | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """All that was measured on one target.

    Attributes:
        kind: what its times are worth.
        environment: of the target.
        measurements: one an artefact and number of threads.
        before: conditions of the target when the timing began; None where they are not known.
        after: when it ended.
        lost: why the target failed before all was measured; empty where all was.
    """

    kind: Kind
    environment: Environment
    measurements: tuple[Measurement, ...]
    before: Conditions | None
    after: Conditions | None
    lost: str = ""


def read_answers(
    scores: NDArray[np.float32] | None, inputs: Inputs, model: Runtime, labels: tuple[str, ...]
) -> Answers | None:
    """Read what a model said; None where it said nothing, or nobody knows what is right.

    Args:
        scores: of all clips of `inputs`, as `Runtime.run_batch` gives them.
        inputs: what it was given.
        model: says what the scores mean.
        labels: of a model that carries none.
    """
    if scores is None or inputs.targets is None:
        return None
    return Answers(
        answers(scores, inputs.features, model.labels, model.ctc),
        right_answers(inputs.targets, model.labels, model.ctc),
        () if model.ctc else model.labels or labels,
    )


def measurement_of(
    candidate: Candidate,
    model: Runtime,
    footprint: Footprint | None,
    answers: Answers | None,
    timings: Timings | None,
    **others: Any,
) -> Measurement:
    """Put together what was measured of a candidate.

    Args:
        candidate: what was measured.
        model: the candidate, loaded in this process, wherever it was measured.
        footprint: memory and load time; None where no process holds the model alone.
        answers: None without labelled clips.
        timings: of the same workloads as those of the others; None where nothing was timed.
        others: fields of `Measurement` that are not those of `model`, or not the default.
    """
    known: dict[str, Any] = {
        "artefact": candidate.name,
        "runtime": model.name,
        "runtime_version": model.version,
        "scheme": model.scheme,
        "threads": model.threads,
        "bytes": candidate.file.stat().st_size,
        "sha256": file_sha256(candidate.file),
        "model_sha256": model.card.model_sha256 if model.card else None,
        "footprint": footprint,
        "answers": answers,
        "inference": timings and timings.inference,
        "with_frontend": timings and timings.with_frontend,
        "frontend": timings and timings.frontend,
        "own_call": timings and timings.own_call,
    }
    return Measurement(**{**known, **others})


def file_sha256(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
