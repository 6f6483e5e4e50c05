"""What was measured of one artefact, summed up: the parts of a record, see `edgeasr_bench.record`."""

from dataclasses import dataclass

from edgeasr.metrics.classification import Accuracy
from edgeasr.metrics.transcription import Transcription
from edgeasr_bench.agent.work import DutyCycle
from edgeasr_bench.latency import Throughput
from edgeasr_bench.profile import Operator

__all__ = ["BINS_PER_OCTAVE", "Confusion", "Estimate", "Histogram", "Image", "Latency", "Ratio", "Result"]

BINS_PER_OCTAVE = 64


@dataclass(frozen=True)
class Histogram:
    """Counts of single calls in bins that are the same in every record, so that they can be laid over each other.

    Bin k holds the times from 2^(k/64) to 2^((k+1)/64) microseconds: each is 1.1 % wider than the one before.

    Attributes:
        first_bin: k of the first count; below 0 for times below a microsecond.
        counts: calls in that bin and in those after it.
    """

    first_bin: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Latency:
    """Times of single calls, in microseconds.

    Attributes:
        p50: median.
        p90: the time that 90 % of the calls do not exceed.
        p95: the time that 95 % of the calls do not exceed.
        p99: the time that 99 % of the calls do not exceed.
        max: the longest call.
        samples: the number of calls that were timed.
        histogram: of all of them.
    """

    p50: float
    p90: float
    p95: float
    p99: float
    max: float
    samples: int
    histogram: Histogram


@dataclass(frozen=True)
class Ratio:
    """Time of `baseline` divided by time of this one, so ABOVE 1 THIS ONE IS FASTER.

    Attributes:
        baseline: the float32 artefact of the same model in the same runtime, with as many threads.
        median: of the calls, in the tenth of the rounds that was disturbed least.
        low: lower bound of its 95 % interval (bootstrap over rounds).
        high: upper bound.
    """

    baseline: str
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Confusion:
    """What was taken for what.

    Attributes:
        labels: in the order of the rows and columns.
        counts: clips; a row is what was said, a column what was recognised.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Image:
    """Memory of a program for a microcontroller that holds one model and what runs it.

    Attributes:
        flash_bytes: code, constants, and the initial values of variables.
        ram_bytes: variables, the arena among them.
        arena_bytes: what the model works in.
        stack_bytes: depth that the stack reached; null where the board cannot tell.
    """

    flash_bytes: int
    ram_bytes: int
    arena_bytes: int
    stack_bytes: int | None


@dataclass(frozen=True)
class Estimate:
    """What a compiler expects of a neural processor; nothing of it was measured.

    Attributes:
        by: package and version of the compiler.
        system: clocks and memories that it assumes, by the compiler's names of them.
        cycles: of one inference.
        clock_mhz: of the processor.
        us: these cycles at that clock.
        sram_bytes: working memory.
        storage_bytes: weights and commands, in flash or DRAM as the system has it.
        operators: of the model.
        on_cpu: those of them that the neural processor cannot do; the cycles are without them.
    """

    by: str
    system: str
    cycles: int
    clock_mhz: float
    us: float
    sram_bytes: int
    storage_bytes: int
    operators: int
    on_cpu: int


@dataclass(frozen=True)
class Result:
    """What was measured of one artefact with one number of threads.

    Attributes:
        artefact: file name, with folders in front of it where two files would have the same.
        runtime: key of `edgeasr.runtime.RUNTIMES`.
        runtime_version: package and version.
        scheme: quantisation scheme; "float32" of the Keras model, "unknown" of a file that edgeasr did not write.
        threads: those that the runtime used.
        latency_us: of one inference on ready features; null where nothing was timed.
        ratio_to_float: speed beside the float32 artefact; its baseline is itself for that one; null without one.
        accuracy: share of the clips that are right, with Wilson's 95 % interval; of a model that transcribes, a clip
            without any error in its transcript is right; null without labelled clips.
        agreement: share of the clips that get the label which `original` gives them, of a model that transcribes
            share of its characters; null without that.
        mcnemar_p: McNemar's exact test of the accuracy against `original`; null without that.
        bytes: size of the file.
        peak_rss_bytes: largest resident memory of a fresh process that holds this model and its runtime only, Python
            included; null where there is no such process.
        load_ms: in that process, import of the runtime and loading of the model; null without it.
        original: the float original: the Keras model, or the float32 artefact where that was not run; null without
            one, or without labelled clips.
        first_inference_ms: in the process of `load_ms`, the first call after it; null without it.
        latency_with_frontend_us: as latency_us, from a clip of audio to the scores; null without a front end.
        frontend_us: as latency_us, the front end alone; null without one.
        sha256: hash of the file.
        model_sha256: hash of the Keras model that it was converted from; null where the file does not say.
        notes: what a reader must know of this result.
        transcription: word errors of a model that transcribes; null of the others.
        rounds_us: median of each round, in microseconds and in the order of time; of a long run, of at most 200
            stretches of rounds. What two runs are compared by.
        confusion: what was taken for what; null without labelled clips, and of a model that transcribes.
        operators: the profile, the slowest kind first; empty where the runtime gives none.
        duty_cycle: cost of listening in real time; null where that was not asked for, or the model cannot spot.
        instructions: of one inference on ready features, counted in an emulation; null where they were not.
        image: memory of the program on a microcontroller; null elsewhere.
        estimate: of a neural processor; null of all that ran.
        own_call_us: as latency_us, the runtime's own call alone, which is what other tools time: input set, inference,
            output taken; null where a clip is not one call, and of Keras.
        throughput: inferences per second in windows of time; null where that was not asked for, and of Keras.
    """

    artefact: str
    runtime: str
    runtime_version: str
    scheme: str
    threads: int
    latency_us: Latency | None
    ratio_to_float: Ratio | None
    accuracy: Accuracy | None
    agreement: float | None
    mcnemar_p: float | None
    bytes: int
    peak_rss_bytes: int | None
    load_ms: float | None
    original: str | None
    first_inference_ms: float | None
    latency_with_frontend_us: Latency | None
    frontend_us: Latency | None
    sha256: str
    model_sha256: str | None
    notes: tuple[str, ...] = ()
    transcription: Transcription | None = None
    rounds_us: tuple[float, ...] = ()
    confusion: Confusion | None = None
    operators: tuple[Operator, ...] = ()
    duty_cycle: DutyCycle | None = None
    instructions: int | None = None
    image: Image | None = None
    estimate: Estimate | None = None
    own_call_us: Latency | None = None
    throughput: Throughput | None = None

    @property
    def latency(self) -> Latency:
        """`latency_us` of a result that was timed.

        Raises:
            ValueError: it was not.
        """
        if self.latency_us is None:
            raise ValueError(f"{self.artefact} was not timed")
        return self.latency_us
