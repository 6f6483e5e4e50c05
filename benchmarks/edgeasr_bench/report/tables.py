"""A bench run as the texts that a terminal shows: what it ran on, what was measured, what the columns mean."""

from collections.abc import Callable, Sequence

from edgeasr_bench.environment import Environment
from edgeasr_bench.record import Latency, Ratio, Result

__all__ = ["COST", "SPEED", "Column", "describe", "explain", "rows"]

Column = tuple[str, Callable[[Result], str]]  # its head, and what it says of a result

SPEED: Sequence[Column] = (
    ("p50 us", lambda result: _microseconds(result.latency_us)),
    ("p95 us", lambda result: _microseconds(result.latency_us, "p95")),
    ("p99 us", lambda result: _microseconds(result.latency_us, "p99")),
    ("audio us", lambda result: _microseconds(result.latency_with_frontend_us)),
    ("x float", lambda result: _ratio(result.ratio_to_float)),
)
COST: Sequence[Column] = (
    ("accuracy %", lambda result: _accuracy(result)),
    ("agree", lambda result: "-" if result.agreement is None else f"{100 * result.agreement:.1f}"),
    ("kB", lambda result: f"{result.bytes / 1000:.1f}"),
    ("peak MB", lambda result: f"{result.peak_rss_bytes / 1e6:.0f}"),
    ("load ms", lambda result: f"{result.load_ms:.0f}"),
)


def rows(columns: Sequence[Column], results: Sequence[Result]) -> list[list[str]]:
    """Fill a table: one row a result."""
    return [[value(result) for _, value in columns] for result in results]


def describe(environment: Environment, results: Sequence[Result]) -> list[str]:
    """Say in a few lines what a run ran on."""
    load = "" if environment.load_average is None else f", load {environment.load_average:.1f}"
    runtimes = dict.fromkeys(f"{result.runtime_version}, {_threads(result.threads)}" for result in results)
    return [
        f"{environment.cpu or environment.machine}, {environment.cores} cores{load}, {environment.os}, "
        f"Python {environment.python}",
        "; ".join(runtimes),
    ]


def explain(results: Sequence[Result]) -> list[str]:
    """Say what the columns mean, those that are filled."""
    frontends = dict.fromkeys(_microseconds(result.frontend_us) for result in results if result.frontend_us)
    lines = []
    if frontends:
        lines.append(f"audio us: p50 from a clip of audio to the scores; the front end alone {', '.join(frontends)} us")
    if any(result.ratio_to_float for result in results):
        lines.append("x float: time of float32 in the same runtime / this time; above 1 is faster")
    if any(result.agreement is not None for result in results):
        lines.append("agree: % of the labels, or the characters, of the float original")
    if any(result.transcription for result in results):
        lines.append("WER: word error rate, in %, instead of an accuracy")
    if any(result.ratio_to_float or result.accuracy for result in results):
        lines.append("in brackets: 95 % intervals")
    return lines


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _microseconds(latency: Latency | None, percentile: str = "p50") -> str:
    if latency is None:
        return "-"
    value: float = getattr(latency, percentile)
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _ratio(ratio: Ratio | None) -> str:
    return "-" if ratio is None else f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def _accuracy(result: Result) -> str:
    errors, accuracy = result.transcription, result.accuracy
    if errors:
        return f"WER {100 * errors.wer:.1f} ({100 * errors.wer_low:.1f}-{100 * errors.wer_high:.1f})"
    if accuracy is None:
        return "-"
    return f"{100 * accuracy.value:.1f} ({100 * accuracy.low:.1f}-{100 * accuracy.high:.1f})"
