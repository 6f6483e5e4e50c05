"""A bench run as the texts that a terminal shows: what it ran on, what was measured, what the columns mean."""

from collections.abc import Callable, Sequence

from edgeasr_bench.environment import Environment
from edgeasr_bench.record import Latency, Ratio, Result, Run
from edgeasr_bench.report.score import score_of

__all__ = [
    "DUTY_CYCLE",
    "SPEED",
    "Column",
    "cost_of",
    "count_threads",
    "describe",
    "explain",
    "microseconds",
    "rows",
    "short_name",
]

_LONGEST_NAME = 24

Column = tuple[str, Callable[[Result], str]]  # its head, and what it says of a result

SPEED: Sequence[Column] = (
    ("p50 us", lambda result: microseconds(result.latency_us)),
    ("p95 us", lambda result: microseconds(result.latency_us, "p95")),
    ("p99 us", lambda result: microseconds(result.latency_us, "p99")),
    ("audio us", lambda result: microseconds(result.latency_with_frontend_us)),
    ("x float", lambda result: _ratio(result.ratio_to_float)),
)
DUTY_CYCLE: Sequence[Column] = (
    ("hop ms", lambda result: _duty(result, "hop_ms", "g")),
    ("CPU %", lambda result: _duty(result, "cpu_percent", ".2f")),
    ("real-time factor", lambda result: _duty(result, "real_time_factor", ".4f")),
    ("late", lambda result: _duty(result, "late", "d")),
)
_ANSWERS: Sequence[Column] = (
    ("accuracy %", lambda result: _accuracy(result)),
    ("agree", lambda result: "-" if result.agreement is None else f"{100 * result.agreement:.1f}"),
    ("kB", lambda result: f"{result.bytes / 1000:.1f}"),
)
_PROCESS: Sequence[Column] = (  # of an emulation they are the emulator's
    ("peak MB", lambda result: f"{result.peak_rss_bytes / 1e6:.0f}"),
    ("load ms", lambda result: f"{result.load_ms:.0f}"),
)
_INSTRUCTIONS: Column = (
    "instructions",
    lambda result: "-" if result.instructions is None else f"{result.instructions:,}",
)


def cost_of(run: Run) -> list[Column]:
    """Give the columns of what the artefacts of a run cost, time apart, and are worth."""
    columns = [*_ANSWERS, *(_PROCESS if run.kind == "measured" else ())]
    return [*columns, _INSTRUCTIONS] if any(result.instructions is not None for result in run.results) else columns


def rows(columns: Sequence[Column], results: Sequence[Result]) -> list[list[str]]:
    """Fill a table: one row a result."""
    return [[value(result) for _, value in columns] for result in results]


def describe(environment: Environment, results: Sequence[Result]) -> list[str]:
    """Say in a few lines what a run ran on."""
    load = "" if environment.load_average is None else f", load {environment.load_average:.1f}"
    runtimes = dict.fromkeys(f"{result.runtime_version}, {count_threads(result.threads)}" for result in results)
    return [
        f"{environment.cpu or environment.machine}, {environment.cores} cores{load}, {environment.os}, "
        f"Python {environment.python}",
        "; ".join(runtimes),
    ]


def explain(run: Run) -> list[str]:
    """Say what the columns of a run mean, those that are filled."""
    results = run.results
    lines = []
    if run.kind == "measured":
        frontends = dict.fromkeys(microseconds(result.frontend_us) for result in results if result.frontend_us)
        if frontends:
            alone = ", ".join(frontends)
            lines.append(f"audio us: p50 from a clip of audio to the scores; the front end alone {alone} us")
        if any(result.ratio_to_float for result in results):
            lines.append("x float: time of float32 in the same runtime / this time; above 1 is faster")
    if any(result.agreement is not None for result in results):
        lines.append("agree: % of the labels, or the characters, of the float original")
    if any(result.transcription for result in results):
        lines.append("WER: word error rate, in %, instead of an accuracy")
    if any(result.ratio_to_float or result.accuracy for result in results):
        lines.append("in brackets: 95 % intervals")
    return lines


def count_threads(count: int) -> str:
    """Write `1 thread` or `4 threads`."""
    return "1 thread" if count == 1 else f"{count} threads"


def microseconds(latency: Latency | None, percentile: str = "p50") -> str:
    """Write a percentile of times, with a decimal where they are short."""
    if latency is None:
        return "-"
    value: float = getattr(latency, percentile)
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _duty(result: Result, field: str, form: str) -> str:
    return "-" if result.duty_cycle is None else format(getattr(result.duty_cycle, field), form)


def _ratio(ratio: Ratio | None) -> str:
    return "-" if ratio is None else f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def _accuracy(result: Result) -> str:
    score = score_of(result)
    return "-" if score is None else str(score)


def short_name(artefact: str) -> str:
    """Give the name of an artefact without folders, cut at its front where it is long: its end tells most."""
    name = artefact.rpartition("/")[2]
    return name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}"
