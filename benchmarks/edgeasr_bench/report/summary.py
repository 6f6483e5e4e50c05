"""A bench run in plain words: one line for each artefact that is not its own baseline."""

from collections import Counter
from collections.abc import Sequence

from edgeasr.metrics.classification import Accuracy
from edgeasr.metrics.transcription import Transcription
from edgeasr_bench.record import Choice, Ratio, Result, Run
from edgeasr_bench.report.tables import count_threads

__all__ = ["runtime_title", "summarise"]

_TITLES = {"keras": "Keras", "onnxruntime": "ONNX", "tflite": "TFLite"}
_SIGNIFICANT_P = 0.05
_NOTEWORTHY = 0.02  # a smaller difference in speed or size is none to a user, however sure it is


def summarise(run: Run) -> list[str]:
    """Say of each quantised artefact what it gained and lost against float32 in the same runtime, and what to ship.

    Of times that were not measured on the target nothing is said.
    """
    kinds = Counter((result.scheme, result.runtime, result.threads) for result in run.results)
    measured = run.kind == "measured"
    sweep = measured and len({result.threads for result in run.results if result.runtime != "keras"}) > 1
    lines = []
    for result in run.results:
        ratio = result.ratio_to_float
        if ratio is None or ratio.baseline == result.artefact:
            continue
        title = f"{result.scheme} {runtime_title(result.runtime)}"
        if kinds[result.scheme, result.runtime, result.threads] > 1:
            title += f" ({result.artefact})"
        if sweep:
            title += f" with {count_threads(result.threads)}"
        rest = [_size(_named(ratio.baseline, result, run).bytes, result.bytes)]
        original = _named(result.original, result, run) if result.original else None
        if original and original.transcription and result.transcription:
            rest.append(_errors(original.transcription, result.transcription))
        elif original and original.accuracy and result.accuracy and result.mcnemar_p is not None:
            rest.append(_accuracy(original.accuracy, result.accuracy, result.mcnemar_p))
        said = _speed(ratio, rest) if measured else f"is {', and '.join(rest)}"
        lines.append(f"{title} {said}.")
    return list(dict.fromkeys([*lines, *(_shipping(run.choice) if run.choice else [])]))


def _shipping(choice: Choice) -> list[str]:
    if choice.artefact is None or choice.threads is None:
        chosen = f"nothing: {choice.reason}"
    else:
        chosen = f"{choice.artefact} in {choice.runtime} with {count_threads(choice.threads)}: {choice.reason}"
    return [f"To ship, by {choice.conditions}: {chosen}.", *(f"Not {line}." for line in choice.excluded)]


def _named(artefact: str, beside: Result, run: Run) -> Result:
    """Find an artefact in a run, with as many threads as the result beside it where it ran so."""
    found = [result for result in run.results if result.artefact == artefact]
    return next((result for result in found if result.threads == beside.threads), found[0])


def runtime_title(runtime: str) -> str:
    """Give the name of a runtime for people."""
    return _TITLES.get(runtime, runtime)


def _speed(ratio: Ratio, rest: Sequence[str]) -> str:
    """Make the sentence of the speed, which goes on with the `rest`."""
    if ratio.high < 1 and ratio.median < 1 - _NOTEWORTHY:
        times, low, high = (_times(1 / value) for value in (ratio.median, ratio.high, ratio.low))
        return f"is SLOWER than float32 here: {times} the time ({low} to {high}); it is {' and '.join(rest)}"
    times, low, high = (_times(value) for value in (ratio.median, ratio.low, ratio.high))
    if ratio.low > 1 and ratio.median > 1 + _NOTEWORTHY:
        speed = f"is {times} faster than float32 here ({low} to {high})"
    else:
        speed = f"is as fast as float32 here ({times}, {low} to {high})"
    return f"{speed}, {', and '.join(rest)}" if len(rest) > 1 else f"{speed} and {rest[0]}"


def _times(value: float) -> str:
    return f"{value:.2f}x" if value < 10 else f"{value:.0f}x"


def _size(baseline_bytes: int, this_bytes: int) -> str:
    times = baseline_bytes / this_bytes
    if abs(times - 1) < _NOTEWORTHY:
        return "the same size"
    return f"{times:.1f}x smaller" if times > 1 else f"{1 / times:.1f}x LARGER"


def _accuracy(original: Accuracy, this: Accuracy, p: float) -> str:
    points = 100 * (this.value - original.value)
    if points == 0:
        return "loses no accuracy"
    verdict = "significant" if p < _SIGNIFICANT_P else "not significant"
    change = "loses" if points < 0 else "gains"
    return f"{change} {abs(points):.1f} points ({verdict}, p = {p:.2g})"


def _errors(original: Transcription, this: Transcription) -> str:
    points = 100 * (this.wer - original.wer)
    if points == 0:
        return "makes no more word errors"
    return f"makes {abs(points):.1f} points {'more' if points > 0 else 'fewer'} word errors"
