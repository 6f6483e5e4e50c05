"""A TFLite file as a folder of C99 for a board."""

import hashlib
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeasr import __version__
from edgeasr.atomic import replacing
from edgeasr.bundle import Bundle
from edgeasr.card import Card, read_from_tflite
from edgeasr.errors import FirmwareError
from edgeasr.registry import resolve
from edgeasr.spot.settings import SpotterConfig, kept_settings, pace_of
from edgeasr.tflite import quantisation
from edgeasr.tflite.interpreter import Interpreter
from edgeasr.tflite.model import Model, read_model
from edgeasr_firmware.boards import Board
from edgeasr_firmware.codegen.lower import check_operators, lower
from edgeasr_firmware.codegen.program import Program
from edgeasr_firmware.codegen.write import header, source
from edgeasr_firmware.formats import FORMATS
from edgeasr_firmware.formats.project import Project, identifier
from edgeasr_firmware.formats.selftest import selftest_files
from edgeasr_firmware.frontend import frontend_files
from edgeasr_firmware.inputs import random_inputs
from edgeasr_firmware.plan import Plan, plan_memory
from edgeasr_firmware.spot import SpotSettings, spot_files

__all__ = ["KERNELS", "Firmware", "check_size", "find_model", "origin_of", "write_files", "write_firmware"]

KERNELS = Path(__file__).parent / "csrc" / "kernels"
_VECTORS = 2


@dataclass(frozen=True)
class Firmware:
    """A folder of C that was written, and what it was written from.

    Attributes:
        folder: where it is.
        files: names of the files in it.
        sources: names of the C files that the model needs, `main.c` not among them.
        path: the TFLite file.
        model: the TFLite model.
        card: what the file says about itself; None for one that edgeasr did not write.
        program: its steps.
        plan: its arena.
    """

    folder: Path
    files: tuple[str, ...]
    sources: tuple[str, ...]
    path: Path
    model: Model
    card: Card | None
    program: Program
    plan: Plan


def find_model(path: Path) -> Path:
    """Find the file to compile: a TFLite file itself, or the int8 one of a bundle.

    Raises:
        BundleError: the bundle is damaged.
        FirmwareError: it has no such file.
    """
    if not path.is_dir():
        return path
    bundle = Bundle.open(path)
    found = [item.name for item in bundle.manifest.artefacts if (item.format, item.scheme) == ("tflite", "int8")]
    if not found:
        raise FirmwareError(f"{path}: expected a bundle with an int8 TFLite file: edgeasr export {path} --int8")
    if len(found) > 1:
        raise FirmwareError(f"{path}: expected one int8 TFLite file, got {', '.join(found)}: pass the file itself")
    return path / found[0]


def write_firmware(path: Path, board: Board, out: Path, layout: str = "c") -> Firmware:
    """Write the C of a model, with all that is needed to build and test it. The same model gives the same bytes.

    Args:
        path: a TFLite file.
        board: to compile for.
        out: folder to write; one that was written before is replaced.
        layout: key of `FORMATS`.

    Raises:
        ArtefactError: the file cannot be read.
        FirmwareError: the model cannot be compiled or is too large for the board, or `out` is a folder of other things.
    """
    model, card = read_model(path), read_from_tflite(path)
    check_operators(model)
    interpreter = Interpreter(model)
    # what the interpreter runs has tensors and options that fit each other; a damaged file ends here
    vectors = [(inputs, interpreter.run(*inputs)) for inputs in random_inputs(interpreter.inputs, _VECTORS)]
    program = lower(model)
    plan = plan_memory(program)
    check_size(board, program.constant_bytes, plan.arena_bytes)
    origin = origin_of(path, board, layout)
    core = {**_kernel_files(program), **_listening_files(path, card, program)}
    core |= {"model.h": header(program, plan, origin), "model.c": source(program, plan, origin)}
    needed = {name for name in core if name.endswith(".c")}
    core |= selftest_files(program, vectors, origin)
    arrange: Callable[[Project], dict[str, str]] = resolve(FORMATS, layout, "format")
    files = arrange(Project(identifier(path.stem), origin, board, program, plan, core))
    write_files(out, files)
    sources = tuple(name for name in sorted(files) if name.rpartition("/")[2] in needed)
    return Firmware(out, tuple(sorted(files)), sources, path, model, card, program, plan)


def origin_of(path: Path, board: Board, layout: str) -> str:
    """Say what made a file of what, for the comment at its top."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    name = re.sub(r"[^\w.+-]", "_", path.name)  # nothing that ends a comment
    option = "" if layout == "c" else f" --format {layout}"
    return (
        f"Written by edgeasr {__version__} from {name} (sha256 {digest[:16]}): "
        f"edgeasr firmware {name} --board {board.name}{option}"
    )


def write_files(out: Path, files: Mapping[str, str]) -> None:
    """Write a folder; one that was written before is replaced.

    Args:
        out: the folder.
        files: name, with slashes, to text.

    Raises:
        FirmwareError: `out` is a folder of other things.
    """
    if stranger := next(_strangers(out, "", files), None):
        raise FirmwareError(
            f"{out}: expected no such folder, or one that edgeasr wrote, found {stranger}: choose another"
        )
    with replacing(out) as scratch:
        for name, text in files.items():
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            (scratch / name).write_text(text)


def check_size(board: Board, constant_bytes: int, arena_bytes: int) -> None:
    """Refuse what cannot fit, before a compiler does it with less to say.

    Raises:
        FirmwareError: the constants are more than the flash, or the arena more than the RAM.
    """
    for memory, what, needed in ((board.flash, "flash", constant_bytes), (board.ram, "RAM", arena_bytes)):
        if memory and needed > memory.size_bytes:
            raise FirmwareError(
                f"{board.name} has {memory.size_bytes} bytes of {what}, and the model needs {needed} for its "
                f"{'constants' if what == 'flash' else 'activations'} alone: take a smaller model or a larger board"
            )


def _listening_files(path: Path, card: Card | None, program: Program) -> dict[str, str]:
    """Give the files of the front end, and of the spotter for an int8 classifier, where the card tells of them.

    What listens keeps the window of a whole clip; of models that take less at a time there is the front end alone.
    """
    if card is None or card.frontend is None:
        return {}
    (output, _), frontend, config = program.outputs[0], card.frontend, kept_settings(path) or SpotterConfig()
    try:
        files = frontend_files(frontend)
    except FirmwareError as error:
        warnings.warn(f"{error}; it is left out", stacklevel=2)
        return {}
    whole = math.prod(program.inputs[0][0].shape) == frontend.frames * frontend.bins
    if card.ctc or not whole or output.type != "INT8" or math.prod(output.shape) != len(card.labels):
        return files
    pace = pace_of(config, frontend)
    settings = SpotSettings(
        labels=card.labels,
        logits=card.output == "logits",
        scale=float(quantisation.scale_of(output)),
        zero_point=quantisation.zero_point_of(output),
        hop_frames=pace.hop_frames,
        inferences=pace.inferences,
        threshold=config.threshold,
        wait_inferences=math.ceil(config.refractory_ms / pace.hop_ms),
        smoothing=config.smoothing,
        thresholds=config.thresholds,
        hysteresis=config.hysteresis,
        minimum_count=config.minimum_count,
    )
    return {**files, **spot_files(settings)}


def _strangers(folder: Path, place: str, files: Mapping[str, str]) -> Iterator[str]:
    """Name what lies in a folder and is none of `files`, nor was written or built before."""
    if folder.is_file():
        yield folder.name
    for path in sorted(folder.glob("*")):
        name = place + path.name
        if path.is_dir() and any(file.startswith(f"{name}/") for file in files):
            yield from _strangers(path, f"{name}/", files)
        elif name not in {*files, "selftest"} and path.suffix not in (".o", ".a") and not path.name.startswith("ea_"):
            yield name


def _kernel_files(program: Program) -> dict[str, str]:
    """Give the kernels that are used, and what they include: name to text."""
    wanted = [f"{step.source}.h" for step in (*program.start, *program.steps)]
    found: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        if name in found or not (KERNELS / name).exists():
            continue
        found[name] = (KERNELS / name).read_text()
        wanted += [f"{name.removesuffix('.h')}.c", *re.findall(r'#include "(\w+\.h)"', found[name])]
    return found
