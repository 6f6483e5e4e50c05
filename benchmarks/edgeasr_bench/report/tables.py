"""A bench run as the texts that a terminal shows: what it ran on, what was measured, what the columns mean."""

from collections.abc import Callable, Sequence

from edgeasr_bench.environment import Environment
from edgeasr_bench.latency import WINDOWS, Throughput
from edgeasr_bench.record import Estimate, Image, Latency, Ratio, Result, Run
from edgeasr_bench.report.score import score_of

__all__ = [
    "DUTY_CYCLE",
    "SPEED",
    "THROUGHPUT",
    "Column",
    "cost_of",
    "count_threads",
    "describe",
    "explain",
    "filled",
    "microseconds",
    "rows",
    "short_name",
    "shorten",
]

_LONGEST_NAME = 24
_NONE = "-"  # what a column says where there is no figure

Column = tuple[str, Callable[[Result], str]]  # its head, and what it says of a result

SPEED: Sequence[Column] = (
    ("p50 us", lambda result: microseconds(result.latency_us)),
    ("p99 us", lambda result: microseconds(result.latency_us, "p99")),
    ("call us", lambda result: microseconds(result.own_call_us)),
    ("audio us", lambda result: microseconds(result.latency_with_frontend_us)),
    ("x float", lambda result: _ratio(result.ratio_to_float)),
)
DUTY_CYCLE: Sequence[Column] = (
    ("hop ms", lambda result: _duty(result, "hop_ms", "g")),
    ("CPU %", lambda result: _duty(result, "cpu_percent", ".2f")),
    ("real-time factor", lambda result: _duty(result, "real_time_factor", ".4f")),
    ("late", lambda result: _duty(result, "late", "d")),
)
THROUGHPUT: Sequence[Column] = (
    ("inferences/s", lambda result: _per_second(result, lambda found: found.median)),
    ("lowest", lambda result: _per_second(result, lambda found: min(found.per_second))),
    ("highest", lambda result: _per_second(result, lambda found: max(found.per_second))),
)
_ANSWERS: Sequence[Column] = (
    ("accuracy %", lambda result: _accuracy(result)),
    ("agree", lambda result: _NONE if result.agreement is None else f"{100 * result.agreement:.1f}"),
)
_SIZE: Column = ("kB", lambda result: f"{result.bytes / 1000:.1f}")
_PROCESS: Sequence[Column] = (  # of an emulation they are the emulator's
    ("peak MB", lambda result: _whole(result.peak_rss_bytes and result.peak_rss_bytes / 1e6)),
    ("load ms", lambda result: _whole(result.load_ms)),
)
_COUNTED: Sequence[Column] = (
    ("instructions", lambda result: _whole(result.instructions)),
    ("flash kB", lambda result: _NONE if result.image is None else f"{result.image.flash_bytes / 1000:.1f}"),
    ("RAM kB", lambda result: _NONE if result.image is None else _ram(result.image)),
)
_ESTIMATED: Sequence[Column] = (
    ("est. cycles", lambda result: _part(result.estimate, "cycles")),
    ("est. us", lambda result: _part(result.estimate, "us")),
    ("SRAM B", lambda result: _part(result.estimate, "sram_bytes")),
    ("weights B", lambda result: _part(result.estimate, "storage_bytes")),
    ("on CPU", lambda result: _NONE if result.estimate is None else _on_cpu(result.estimate)),
)


def cost_of(run: Run) -> list[Column]:
    """Give the columns of what the artefacts of a run cost, time apart, and are worth: those that are filled."""
    process = _PROCESS if run.kind == "measured" else ()
    return filled([*_ANSWERS, _SIZE, *process, *_COUNTED, *_ESTIMATED], run.results)


def filled(columns: Sequence[Column], results: Sequence[Result]) -> list[Column]:
    """Give the columns that say something of one result at least."""
    return [column for column in columns if any(column[1](result) != _NONE for result in results)]


def rows(columns: Sequence[Column], results: Sequence[Result]) -> list[list[str]]:
    """Fill a table: one row a result."""
    return [[value(result) for _, value in columns] for result in results]


def describe(environment: Environment, results: Sequence[Result]) -> list[str]:
    """Say in a few lines what a run ran on."""
    load = "" if environment.load_average is None else f", load {environment.load_average:.1f}"
    runtimes = dict.fromkeys(f"{result.runtime_version}, {count_threads(result.threads)}" for result in results)
    cores = f"{environment.cores} core{'s' if environment.cores > 1 else ''}{load}"
    parts = [environment.cpu or environment.machine, cores, environment.os]
    parts += [] if environment.python == "none" else [f"Python {environment.python}"]  # a chip runs its program alone
    return [
        ", ".join(parts),
        "; ".join(runtimes),
    ]


def explain(run: Run) -> list[str]:
    """Say what the columns of a run mean, those that are filled."""
    results = run.results
    lines = []
    if run.kind == "measured":
        if any(result.own_call_us for result in results):
            lines.append("call us: p50 of the runtime's own call, which is what other tools time")
        frontends = sorted((one.frontend_us for one in results if one.frontend_us), key=lambda one: one.p50)
        if frontends:
            alone = " to ".join(dict.fromkeys(map(microseconds, (frontends[0], frontends[-1]))))
            lines.append(f"audio us: p50 from a clip of audio to the scores; the front end alone {alone} us")
        if any(result.ratio_to_float for result in results):
            lines.append("x float: time of float32 in the same runtime / this time; above 1 is faster")
    if any(result.image for result in results):
        lines.append("flash, RAM: of the whole program, arena and stack in it")
    if any(result.estimate for result in results):
        lines.append("est.: what ethos-u-vela expects; nothing ran; on CPU: operators that are not in the cycles")
    if windows := {result.throughput.window_s for result in results if result.throughput}:
        lines.append(f"inferences/s: median, least and most of {WINDOWS} windows of {max(windows):g} s (MLPerf Tiny)")
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
        return _NONE
    value: float = getattr(latency, percentile)
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _whole(value: float | None) -> str:
    return _NONE if value is None else f"{value:,.0f}"


def _ram(image: Image) -> str:
    return f"{(image.ram_bytes + (image.stack_bytes or 0)) / 1000:.1f}"


def _part(part: Estimate | None, field: str) -> str:
    return _NONE if part is None else _whole(getattr(part, field))


def _on_cpu(estimate: Estimate) -> str:
    return f"{estimate.on_cpu} of {estimate.operators}"


def _duty(result: Result, field: str, form: str) -> str:
    return _NONE if result.duty_cycle is None else format(getattr(result.duty_cycle, field), form)


def _per_second(result: Result, pick: Callable[[Throughput], float]) -> str:
    return _NONE if result.throughput is None else f"{pick(result.throughput):,.1f}"


def _ratio(ratio: Ratio | None) -> str:
    return _NONE if ratio is None else f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def _accuracy(result: Result) -> str:
    score = score_of(result)
    return _NONE if score is None else str(score)


def short_name(artefact: str) -> str:
    """Give the name of an artefact without folders, shortened where it is long."""
    return shorten(artefact.rpartition("/")[2], _LONGEST_NAME)


def shorten(name: str, letters: int) -> str:
    """Cut a name at its front: the end tells scheme and format."""
    return name if len(name) <= letters else f"…{name[1 - letters :]}"
