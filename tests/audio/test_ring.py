import threading
import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.audio.ring import SampleRing


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 40), st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=60))
def test_ring_behaves_as_a_bounded_queue(capacity, steps):
    ring, queue, counter, dropped = SampleRing(capacity), [], 0, 0
    for writing, count in steps:
        if writing:
            samples = list(range(counter, counter + count))
            counter += count
            ring.write(np.array(samples, np.int16))
            room = capacity - len(queue)
            queue += samples[:room]
            dropped += len(samples[room:])
        else:
            taken, queue = queue[:count], queue[count:]
            assert ring.read(count).tolist() == taken
        assert (len(ring), ring.dropped) == (len(queue), dropped)


def test_ring_gives_samples_that_later_writes_leave_alone():
    ring = SampleRing(4)
    ring.write(np.array([1, 2, 3], np.int16))
    taken = ring.read(3)
    ring.write(np.array([7, 8, 9, 10], np.int16))
    assert taken.tolist() == [1, 2, 3]


def test_ring_passes_every_sample_from_thread_to_thread():
    ring, total = SampleRing(1000), 50_000
    samples = np.arange(total).astype(np.int16)

    def write():
        done = 0
        while done < total:
            count = min(317, total - done, 1000 - len(ring))
            ring.write(samples[done : done + count])
            done += count
            time.sleep(0)  # lets the other thread go on

    writer = threading.Thread(target=write)
    writer.start()
    taken, count = [], 0
    while count < total:
        taken.append(ring.read(123))
        count += len(taken[-1])
        time.sleep(0)
    writer.join()
    np.testing.assert_array_equal(np.concatenate(taken), samples)
    assert ring.dropped == 0
