"""How much of a training step is the model's own time.

    python benchmarks/training_profile.py [--model voicemnist-cnn] [--data fsdd] [--batch-size 64]

Trains epochs as `edgeasr train` does, in turns with batches as they come (read, augmented, through the front end, in
threads beside the model) and with the same batches made beforehand, and prints the ratio of their times.
"""

import argparse
import statistics
import time

from edgeasr.packages import import_keras
from edgeasr.train.config import TrainConfig
from edgeasr.train.fit import compiled_model, run_epoch
from edgeasr.train.task import Batch, Batches, load_task

_ROUNDS = 5


class _Ready(Batches):
    """Batches made beforehand, those of the first epoch."""

    def __init__(self, batches: Batches) -> None:
        self.clips = batches.clips
        self._made = [batches.get(0, index) for index in range(len(batches))]

    def __len__(self) -> int:
        return len(self._made)

    def get(self, epoch: int, index: int) -> Batch:
        return self._made[index]


def main() -> None:
    """Profile, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="voicemnist-cnn")
    parser.add_argument("--data", default="fsdd")
    parser.add_argument("--batch-size", type=int, default=64)
    arguments = parser.parse_args()
    profile(TrainConfig(arguments.model, (arguments.data,), batch_size=arguments.batch_size), _ROUNDS)


def profile(config: TrainConfig, rounds: int) -> None:
    """Time epochs of both kinds in turns, and print their medians and the model's own share of a step.

    Args:
        config: the training.
        rounds: epochs of each kind.
    """
    _, task = load_task(config)
    import_keras("training")
    model = compiled_model(config, task)
    ready = _Ready(task.batches)

    def epoch_s(batches: Batches) -> float:
        began = time.perf_counter()
        run_epoch(model, batches, config.seed, 0)
        return time.perf_counter() - began

    epoch_s(ready)  # compiles
    come, made = zip(*((epoch_s(task.batches), epoch_s(ready)) for _ in range(rounds)), strict=True)
    for name, seconds in (("as they come", come), ("made before", made)):
        middle = statistics.median(seconds)
        print(f"batches {name}: {middle:.2f} s an epoch, {ready.clips / middle:.0f} clips/s")
    shares = [model_s / both_s for both_s, model_s in zip(come, made, strict=True)]
    print(f"the model's own share of a step: {statistics.median(shares):.0%} ({min(shares):.0%} to {max(shares):.0%})")


if __name__ == "__main__":
    main()
