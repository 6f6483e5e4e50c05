"""Batches made ahead of their use, by threads."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from edgeasr.train.task import Batch, Batches

__all__ = ["epoch_batches"]

_THREADS = 2
_AHEAD = 6  # batches


def epoch_batches(batches: Batches, epoch: int) -> Iterator[Batch]:
    """Give the batches of an epoch in order, while threads make the next ones."""
    waiting: deque[Future[Batch]] = deque()
    pool = ThreadPoolExecutor(_THREADS)
    try:
        for index in range(len(batches)):
            waiting.append(pool.submit(batches.get, epoch, index))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
