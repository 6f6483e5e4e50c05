"""`edgeasr firmware`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeasr.cli.options import json_option
from edgeasr.cli.output import note, print_json, print_table
from edgeasr.errors import FirmwareError

if TYPE_CHECKING:
    from edgeasr_firmware.boards import Board
    from edgeasr_firmware.check import Check
    from edgeasr_firmware.export import Firmware

__all__ = ["command"]


@click.command("firmware")
@click.argument("model", metavar="BUNDLE|MODEL.tflite", type=click.Path(path_type=Path))
@click.option("--board", default="host", show_default=True, help="Board to compile for.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--format", "layout", default="c", show_default=True, help="What the folder is to be.")
@click.option(
    "--check", "inputs", type=click.IntRange(min=1), help="Build it, run it on so many inputs, compare every byte."
)
@click.option("--data", metavar="NAME[:PATH]", help="Take these inputs from the test split of a data set.")
@json_option
def command(
    model: Path, board: str, out: Path, layout: str, inputs: int | None, data: str | None, as_json: bool
) -> None:
    """Write an int8 model as C99 for a microcontroller, and prove it is the same.

    Boards: host; in QEMU cortex-m0, -m3, -m4f, -m7, -m33, -m55 and riscv32; in rp2040js rp2040; in unicorn unicorn-m0,
    -m3, -m4f, -m7 and -m33; nano33ble, stm32f407 and stm32f746, with no more memory than those have. --check needs the
    compiler and the emulator of the board; inputs are random without --data.

    Formats: c, the libraries arduino, esp-idf, zephyr and platformio, and tflm, the model itself for TensorFlow Lite
    Micro.

    \b
    edgeasr firmware digits --board cortex-m4f --out digits-m4f --check 10
    """
    from edgeasr_firmware.boards import BOARDS
    from edgeasr_firmware.check import check_firmware, hop_instructions
    from edgeasr_firmware.export import find_model, write_firmware
    from edgeasr_firmware.formats import FORMATS
    from edgeasr_firmware.inputs import random_inputs

    if board not in BOARDS:
        raise click.UsageError(f"no board {board!r}: expected one of {', '.join(BOARDS)}")
    if layout not in (*FORMATS, "tflm"):
        raise click.UsageError(f"no format {layout!r}: expected one of {', '.join(FORMATS)}, tflm")
    if layout == "tflm":
        if inputs or data:
            raise click.UsageError("--check runs generated C, of which --format tflm has none: leave it out")
        _write_tflm(find_model(model), BOARDS[board], out, as_json)
        return
    if data and not inputs:
        raise click.UsageError("--data gives inputs to --check: say how many, or leave --data out")
    firmware = write_firmware(find_model(model), BOARDS[board], out, layout)
    done, hop = None, None
    if inputs:
        note(f"building for {board}, running {inputs} inputs ...")
        tensors = [tensor for tensor, _ in firmware.program.inputs]
        steps = _real_inputs(firmware, data, inputs) if data else random_inputs(tensors, inputs)
        done = check_firmware(firmware, BOARDS[board], steps)
        if firmware.card and firmware.card.frontend and any(name.endswith("ea_frontend.h") for name in firmware.files):
            hop = hop_instructions(BOARDS[board], firmware.card.frontend)
    if as_json:
        print_json(_json(board, firmware.files, firmware.plan.arena_bytes, done, hop))
    else:
        _print(firmware, done, hop)
    if done and done.wrong:
        raise FirmwareError(
            f"{board}: expected the outputs of {done.oracle}, got others for {done.wrong} of {done.inputs} inputs"
        )


def _real_inputs(firmware: "Firmware", data: str, inputs: int) -> Any:
    from edgeasr.data import load_datasets
    from edgeasr.data.arrays import load_inputs
    from edgeasr_firmware.inputs import feature_inputs, step_inputs

    card, dataset = firmware.card, load_datasets([data])
    examples = dataset.labelled("test")[:inputs]
    features, _ = load_inputs(examples, dataset.labels, card.frontend if card else None, card.ctc if card else None)
    if card and card.stepping:
        return step_inputs(firmware.model, card.stepping, features, inputs)
    return feature_inputs([tensor for tensor, _ in firmware.program.inputs], features, inputs)


def _write_tflm(path: Path, board: "Board", out: Path, as_json: bool) -> None:
    from edgeasr_firmware.formats.tflm import write_tflm

    folder = write_tflm(path, board, out)
    if as_json:
        print_json(_json(board.name, folder.files, folder.arena_bytes, None, None))
        return
    click.echo(f"operators: {', '.join(call.removeprefix('Add') for call in folder.calls)}")
    click.echo(f"arena {folder.arena_bytes:,} bytes, as tflite-micro took on this computer")
    click.echo(f"Written to {folder.folder}/ ({len(folder.files)} files)")


def _json(
    board: str, files: tuple[str, ...], arena_bytes: int, done: "Check | None", hop: int | None
) -> dict[str, Any]:
    return {
        "board": board,
        "files": list(files),
        "flash_bytes": done.sizes.flash_bytes if done else None,
        "ram_bytes": done.sizes.ram_bytes if done else None,
        "arena_bytes": arena_bytes,
        "stack_bytes": done.stack_bytes if done else None,
        "instructions": {"inference": done.instructions if done else None, "frontend_hop": hop},
        "cycles": {"inference": done.cycles if done else None},
        "check": {"oracle": done.oracle, "inputs": done.inputs, "bit_exact": not done.wrong} if done else None,
    }


def _print(firmware: "Firmware", done: "Check | None", hop: int | None) -> None:
    layers = done.layer_instructions if done else None
    rows = [
        (
            step.operator,
            f"{step.macs:,}" if step.macs else "",
            f"{firmware.program.buffers[step.output].bytes:,}",
            *((f"{layers[index]:,}",) if layers else ()),
        )
        for index, step in enumerate(firmware.program.steps)
    ]
    print_table(("layer", ">products", ">bytes", *((">instructions",) if layers else ())), rows)
    click.echo(f"arena {firmware.plan.arena_bytes:,} bytes")
    if done:
        stack = f", stack {done.stack_bytes:,} bytes" if done.stack_bytes is not None else ""
        sizes = f"flash {done.sizes.flash_bytes:,} bytes, RAM {done.sizes.ram_bytes:,} bytes"
        click.echo(f"{sizes}{stack}: the model alone")
        if done.instructions:
            click.echo(f"{done.instructions:,} instructions an inference")
        if done.cycles:
            click.echo(f"{done.cycles:,} cycles an inference")
        if hop:
            click.echo(f"the front end on top: {hop:,} instructions a hop")
        click.echo(f"{done.inputs - done.wrong} of {done.inputs} inputs equal {done.oracle} in every byte")
    click.echo(f"Written to {firmware.folder}/ ({len(firmware.files)} files)")
