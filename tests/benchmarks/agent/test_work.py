"""What is timed of models."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgeasr.errors import ConfigError
from edgeasr.runtime import load
from edgeasr_bench.agent.wire import pack, unpack
from edgeasr_bench.agent.work import duty_cycle, make_spotter, pinned, workloads
from edgeasr_bench.latency import Timing


def test_workloads_are_every_model_alone_and_behind_its_front_end_and_each_front_end_once(make_bundle, make_onnx):
    bundle = make_bundle()
    models = [load(path) for path in (make_onnx(), bundle.path / "tiny.float32.onnx", bundle.path / "tiny.int8.onnx")]
    todo, layout = workloads(models, [np.zeros((20, *model.input_shape), np.float32) for model in models])
    assert len(todo) == 3 + 3 + 2 + 1
    assert {len(workload.inputs) for workload in todo} == {16}
    for workload in todo:
        workload.run(workload.inputs[0])
    timings = [Timing((np.array([number]),), True) for number in range(len(todo))]
    picked = [layout.of_model(number, timings) for number in range(3)]
    numbers = [[one and one.samples_ns[0] for one in vars(each).values()] for each in picked]
    assert numbers == [[0, None, None, 3], [1, 5, 8, 4], [2, 7, 8, 6]]


def test_duty_cycle_takes_as_long_as_the_audio_and_counts_the_work(make_bundle):
    model = load(make_bundle().path / "tiny.float32.onnx")
    found = duty_cycle(make_spotter(model, 20), model.frontend, seconds=0.3)
    assert found.hop_ms == 20
    assert found.seconds >= 0.3
    assert 0 < found.real_time_factor < 1
    assert found.cpu_percent > 0
    assert 0 <= found.late <= 15


def test_spotter_of_a_model_without_a_front_end_is_none(make_onnx):
    assert make_spotter(load(make_onnx()), 20) is None


@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.int64, np.dtype(">i4"), np.int8]), arrays.array_shapes(min_dims=0, min_side=0)
    )
)
def test_unpack_gives_what_was_packed(array):
    found = unpack(pack(array))
    assert found.shape == array.shape
    assert found.tobytes() == array.astype(array.dtype.newbyteorder("<")).tobytes()


@pytest.mark.parametrize("hop_ms", [1, 1000])
def test_spotter_with_a_hop_that_is_too_short_or_long_is_an_error(make_bundle, hop_ms):
    with pytest.raises(ConfigError, match="hop_ms must lie in"):
        make_spotter(load(make_bundle().path / "tiny.float32.onnx"), hop_ms)


def test_pinned_keeps_to_the_cores_and_frees_them_again():
    before = os.sched_getaffinity(0)
    with pinned([min(before)]):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before
    with pytest.raises(ConfigError, match="expected cores among"), pinned([9999]):
        pass
