"""The packing of buffers into one arena."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.tflite.model import Tensor
from edgeasr_firmware.codegen.program import Buffer, Program, Step
from edgeasr_firmware.plan import ALIGNMENT_BYTES, plan_memory

SIZES = st.integers(1, 500)


def tensor(index: int, size: int) -> Tensor:
    return Tensor(index, "t", (size,), "INT8", np.dtype("i1"), None, None, 0, None, False)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a program whose steps read buffers that were written before."""
    program = Program()
    sizes = draw(st.lists(SIZES, min_size=2, max_size=12))
    for index, size in enumerate(sizes):
        program.buffers[f"t{index}"] = Buffer(f"t{index}", size, draw(st.integers(0, 5)) == 0)
    for index in range(1, len(sizes)):
        sources = draw(st.lists(st.integers(0, index - 1), min_size=1, max_size=3, unique=True))
        names = tuple(f"t{source}" for source in sources)
        scratch, in_place = draw(st.one_of(st.just(0), SIZES)), draw(st.booleans())
        program.steps.append(Step("step", "kernel", "", names, f"t{index}", scratch, in_place))
    program.inputs = [(tensor(0, sizes[0]), "t0")]
    program.outputs = [(tensor(len(sizes) - 1, sizes[-1]), f"t{len(sizes) - 1}")]
    return program


@settings(max_examples=200, deadline=None)
@given(programs())
def test_plan_keeps_every_value_until_its_last_use(program: Program) -> None:
    """Each byte of the arena says which buffer wrote it last: a step must find its inputs whole."""
    plan = plan_memory(program)
    owner = np.full(plan.arena_bytes, "", object)

    def place(name: str, size: int) -> slice:
        assert plan.offsets[name] % ALIGNMENT_BYTES == 0
        assert plan.offsets[name] + size <= plan.arena_bytes
        return slice(plan.offsets[name], plan.offsets[name] + size)

    for name, buffer in program.buffers.items():
        if buffer.persistent or name == "t0":
            owner[place(name, buffer.bytes)] = name
    for number, step in enumerate(program.steps):
        if step.scratch_bytes:
            owner[place(f"scratch {number}", step.scratch_bytes)] = "scratch"
        for index, name in enumerate(step.inputs):
            assert (owner[place(name, program.buffers[name].bytes)] == name).all()
            target = place(step.output, program.buffers[step.output].bytes)
            overlaps = target.start < place(name, program.buffers[name].bytes).stop and (
                plan.offsets[name] < target.stop
            )
            assert not overlaps or (step.in_place and index == 0 and target.start == plan.offsets[name])
        owner[place(step.output, program.buffers[step.output].bytes)] = step.output
        if step.scratch_bytes:
            assert (owner[place(f"scratch {number}", step.scratch_bytes)] == "scratch").all()
    last = program.outputs[0][1]
    assert (owner[place(last, program.buffers[last].bytes)] == last).all()
    for name, buffer in program.buffers.items():
        if buffer.persistent:
            assert (owner[place(name, buffer.bytes)] == name).all()


@settings(max_examples=100, deadline=None)
@given(programs())
def test_plan_is_tight_and_the_same_each_time(program: Program) -> None:
    plan = plan_memory(program)
    assert plan.bound_bytes <= plan.arena_bytes <= 1.35 * plan.bound_bytes
    assert plan_memory(program) == plan
