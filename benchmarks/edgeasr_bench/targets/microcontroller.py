"""What the targets without an operating system have in common: which files they take, and what is known of them."""

from collections.abc import Sequence
from dataclasses import replace

from edgeasr.errors import TargetError
from edgeasr.tflite import read_model
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.environment import Environment, read_environment
from edgeasr_bench.progress import Note

__all__ = ["chip_environment", "integer_models"]


def integer_models(candidates: Sequence[Candidate], note: Note) -> list[Candidate]:
    """Keep the TFLite files whose inputs are integers.

    Args:
        candidates: what was asked for.
        note: told what is left out.

    Raises:
        ArtefactError: a file cannot be read.
        TargetError: none is left.
    """
    kept = [one for one in candidates if one.file.suffix == ".tflite" and _is_integer(one)]
    if not kept:
        raise TargetError("expected int8 TFLite files, got none: make one with `edgeasr export --int8`")
    if left_out := [one.name for one in candidates if one not in kept]:
        note(f"left out, because only int8 TFLite files run there: {', '.join(left_out)}")
    return kept


def chip_environment(chip: str, os: str, packages: dict[str, str]) -> Environment:
    """Describe a chip that runs one program; what is this machine's, and not the chip's, is not said.

    Args:
        chip: its name.
        os: what stands there for an operating system.
        packages: version of each program that matters, by name.
    """
    return replace(
        read_environment(),
        cpu=chip,
        cpu_features=(),
        cores=1,
        machine=chip,
        memory_bytes=None,
        governor=None,
        load_average=None,
        os=os,
        kernel="none",
        python="none",
        packages=packages,
    )


def _is_integer(candidate: Candidate) -> bool:
    graph = read_model(candidate.file).subgraphs[0]
    return any(graph.tensors[index].dtype.kind == "i" for index in graph.inputs)
