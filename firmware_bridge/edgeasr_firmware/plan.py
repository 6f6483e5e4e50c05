"""Where every buffer lies in the arena: lifetimes, buffers that share memory, and a tight packing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeasr_firmware.codegen.program import Program

__all__ = ["Plan", "plan_memory"]

ALIGNMENT_BYTES = 16  # the widest load of any kernel
_TRIES = 200  # orders of placing that are tried until one needs no more than the lower bound


@dataclass(frozen=True)
class Plan:
    """The arena of a model.

    Attributes:
        offsets: name of a buffer -> its first byte; scratch memory of step n is "scratch n".
        arena_bytes: size of the arena.
        bound_bytes: the most that is alive at once; no packing needs less.
    """

    offsets: dict[str, int]
    arena_bytes: int
    bound_bytes: int


@dataclass(frozen=True)
class _Block:
    """Memory of one or several buffers that share it, from step `first` to step `last`."""

    name: str
    bytes: int
    first: int
    last: int


def plan_memory(program: Program) -> Plan:
    """Pack the buffers of a program, and the scratch memory of its steps, into one arena."""
    lifetimes = _lifetimes(program)
    homes = _shared(program, lifetimes)
    members: dict[str, list[str]] = {}
    for name, home in homes.items():
        members.setdefault(home, []).append(name)
    blocks = [
        _Block(
            home,
            _aligned(max(program.buffers[name].bytes for name in names)),
            min(lifetimes[name][0] for name in names),
            max(lifetimes[name][1] for name in names),
        )
        for home, names in members.items()
    ]
    blocks += [
        _Block(f"scratch {index}", _aligned(step.scratch_bytes), index, index)
        for index, step in enumerate(program.steps)
        if step.scratch_bytes
    ]
    bound = max(sum(b.bytes for b in blocks if b.first <= t <= b.last) for t in range(-1, len(program.steps) + 1))
    offsets = _pack(blocks, bound)
    arena = max((offsets[block.name] + block.bytes for block in blocks), default=0)
    offsets.update({name: offsets[home] for name, home in homes.items()})
    return Plan(offsets, arena, bound)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _lifetimes(program: Program) -> dict[str, tuple[int, int]]:
    """Give the first and the last step of each buffer; the model's inputs come before step 0."""
    end = len(program.steps)
    lives: dict[str, tuple[int, int]] = {
        name: (-1, end) for name, buffer in program.buffers.items() if buffer.persistent
    }

    def used(names: Iterable[str], step: int) -> None:
        for name in names:
            if name in program.buffers:
                first, last = lives.get(name, (step, step))
                lives[name] = min(first, step), max(last, step)

    used((name for _, name in program.inputs), -1)
    for index, step in enumerate(program.steps):
        used((*step.inputs, step.output), index)
    used((name for _, name in program.outputs), end)
    return lives


def _shared(program: Program, lifetimes: dict[str, tuple[int, int]]) -> dict[str, str]:
    """Give each buffer the one whose memory it uses: its own, or that of the input that its step consumes."""
    homes = {name: name for name in lifetimes}
    written: set[str] = set()
    for index, step in enumerate(program.steps):
        source, target = step.inputs[0] if step.inputs else "", step.output
        if (
            step.in_place
            and source in homes
            and lifetimes[source][1] == index
            and lifetimes[target][0] == index
            and target not in written
            and source not in step.inputs[1:]
            and program.buffers[target].bytes <= program.buffers[source].bytes
        ):
            homes[target] = homes[source]
        written.add(target)
    return homes


def _pack(blocks: Sequence[_Block], bound: int) -> dict[str, int]:
    """Place blocks one by one at the lowest free place, in several orders, and keep the best.

    The first orders are by size, by length of life and by start; then the block that ended highest is moved to the
    front, which undoes what made the packing bad. Deterministic, and optimal where the lower bound is met.
    """
    orders = [
        sorted(blocks, key=lambda b: (-b.bytes, b.first, b.name)),
        sorted(blocks, key=lambda b: (b.first - b.last, -b.bytes, b.name)),
        sorted(blocks, key=lambda b: (b.first, -b.bytes, b.name)),
    ]
    best, least = {}, -1
    for attempt in range(_TRIES):
        if attempt >= len(orders):
            break
        order = orders[attempt]
        offsets = _place(order)
        size = max((offsets[block.name] + block.bytes for block in order), default=0)
        if least < 0 or size < least:
            best, least = offsets, size
        if least == bound:
            break
        highest = max(order, key=lambda b: (offsets[b.name] + b.bytes, b.name))
        moved = [highest, *(block for block in order if block is not highest)]
        if moved not in orders:
            orders.append(moved)
    return best


def _place(order: Sequence[_Block]) -> dict[str, int]:
    placed: list[tuple[int, _Block]] = []
    for block in order:
        start = 0
        for offset, other in sorted((p for p in placed if _meet(p[1], block)), key=lambda p: p[0]):
            if start + block.bytes <= offset:
                break
            start = max(start, offset + other.bytes)
        placed.append((start, block))
    return {block.name: start for start, block in placed}


def _meet(a: _Block, b: _Block) -> bool:
    return a.first <= b.last and b.first <= a.last
