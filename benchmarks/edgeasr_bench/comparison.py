"""Results from measurements: each summarised, and put beside its float originals."""

from collections.abc import Sequence

import numpy as np

from edgeasr.metrics.answers import agreement
from edgeasr.metrics.classification import accuracy, confusion_matrix, mcnemar_p
from edgeasr_bench.measurement import Answers, Measurement
from edgeasr_bench.record import Confusion, Result
from edgeasr_bench.stats import latency_us, speed_ratio, stretches_us

__all__ = ["compare"]


def compare(measurements: Sequence[Measurement]) -> tuple[Result, ...]:
    """Summarise measurements, each compared with the float originals among them.

    Returns:
        One result a measurement, in their order.
    """
    return tuple(_result(one, measurements) for one in measurements)


def _result(this: Measurement, among: Sequence[Measurement]) -> Result:
    baseline = next((other for other in among if _is_baseline(other, this)), None)
    original = _original(this, among)
    mine, originals = this.answers, original.answers if original else None
    notes = []
    timed, footprint = this.inference, this.footprint
    ratio = None
    if timed and baseline and baseline.inference:
        ratio = speed_ratio(baseline.artefact, baseline.inference.medians_ns, timed.medians_ns)
    elif timed and footprint:  # what has no process of its own, such as a chip, cannot run float32 beside it
        notes.append(f"no ratio: {_why_no_baseline(this)}")
    if timed and not timed.settled:
        notes.append("its time did not settle in the warm-up: the machine is busy or slow")
    if timed and mine is None:
        notes.append("no accuracy: bench its bundle, which has labelled clips, or pass --data")
    notes += this.notes
    return Result(
        artefact=this.artefact,
        runtime=this.runtime,
        runtime_version=this.runtime_version,
        scheme=this.scheme,
        threads=this.threads,
        latency_us=latency_us(timed.samples_ns) if timed else None,
        ratio_to_float=ratio,
        accuracy=accuracy(mine.correct) if mine else None,
        agreement=agreement(originals.predictions, mine.predictions) if mine and originals else None,
        mcnemar_p=mcnemar_p(originals.correct, mine.correct) if mine and originals else None,
        bytes=this.bytes,
        peak_rss_bytes=footprint.peak_rss_bytes if footprint else None,
        load_ms=footprint.load_ms if footprint else None,
        original=original.artefact if original else None,
        first_inference_ms=footprint.first_inference_ms if footprint else None,
        latency_with_frontend_us=latency_us(this.with_frontend.samples_ns) if this.with_frontend else None,
        frontend_us=latency_us(this.frontend.samples_ns) if this.frontend else None,
        sha256=this.sha256,
        model_sha256=this.model_sha256,
        notes=tuple(notes),
        transcription=mine.errors if mine else None,
        rounds_us=stretches_us(timed.rounds) if timed else (),
        confusion=_confusion(mine) if mine else None,
        operators=this.operators,
        duty_cycle=this.duty_cycle,
        throughput=this.throughput,
        instructions=this.instructions,
        own_call_us=latency_us(this.own_call.samples_ns) if this.own_call else None,
        image=this.image,
        estimate=this.estimate,
    )


def _confusion(answers: Answers) -> Confusion | None:
    if not answers.labels:
        return None
    counts = confusion_matrix(answers.targets, answers.predictions, len(answers.labels))
    return Confusion(answers.labels, tuple(map(tuple, counts.tolist())))


def _is_float_of(other: Measurement, this: Measurement) -> bool:
    """Tell whether `other` is float32 and comes from the same Keras model; a file without a card has no known kin."""
    return other.scheme == "float32" and this.model_sha256 is not None and other.model_sha256 == this.model_sha256


def _is_baseline(other: Measurement, this: Measurement) -> bool:
    """Tell whether `other` is the float artefact that the speed of `this` is compared with."""
    return _is_float_of(other, this) and (other.runtime, other.threads) == (this.runtime, this.threads)


def _why_no_baseline(this: Measurement) -> str:
    if this.model_sha256 is None:
        return "the file does not say which model it comes from"
    return f"no float32 artefact of the same model was benched in {this.runtime}: bench the bundle, or give both files"


def _original(this: Measurement, among: Sequence[Measurement]) -> Measurement | None:
    """Find the float original that answered the same clips: Keras, or float32, best in the same runtime."""
    if this.answers is None:
        return None
    found = [
        other
        for other in among
        if _is_float_of(other, this)
        and other.answers is not None
        and np.array_equal(other.answers.targets, this.answers.targets)
    ]
    return min(
        found,
        key=lambda other: (other.runtime != "keras", other.runtime != this.runtime, other.threads != this.threads),
        default=None,
    )
