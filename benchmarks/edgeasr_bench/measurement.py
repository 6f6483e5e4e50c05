"""What is measured of one artefact, on whatever machine: plain data, which `compare` makes results from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.metrics.transcription import Transcription, compare, transcription
from edgeasr_bench.latency import Timing
from edgeasr_bench.memory import Footprint

__all__ = ["Answers", "Measurement"]


@dataclass(frozen=True)
class Answers:
    """What a model said of labelled clips.

    Attributes:
        predictions: int64 [clips], index of the highest score; str [clips], the transcript, of a CTC model.
        targets: of the same kind, what is right.
    """

    predictions: NDArray[Any]
    targets: NDArray[Any]

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
        footprint: memory and load time.
        answers: None without labelled clips.
        inference: of ready features.
        with_frontend: from audio to scores; None without a front end.
        frontend: the front end alone; None without one.
    """

    artefact: str
    runtime: str
    runtime_version: str
    scheme: str
    threads: int
    bytes: int
    sha256: str
    model_sha256: str | None
    footprint: Footprint
    answers: Answers | None
    inference: Timing
    with_frontend: Timing | None
    frontend: Timing | None
