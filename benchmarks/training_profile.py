"""How much of a training step is the model's own time.

    python benchmarks/training_profile.py [--model voicemnist-cnn] [--data fsdd] [--batch-size 64]

Trains two epochs in turns with batches as they come (read, augmented, through the front end, in threads beside the
model) and with the same batches made beforehand, and prints the ratio of the times of an epoch.
"""

import argparse
import statistics
import time

from edgeasr.packages import import_keras
from edgeasr.train.config import TrainConfig
from edgeasr.train.optimizer import make_optimizer
from edgeasr.train.prefetch import epoch_batches
from edgeasr.train.task import Batches, load_task

_ROUNDS = 5


class _Ready:
    """Batches made beforehand."""

    def __init__(self, batches: Batches) -> None:
        self.clips = batches.clips
        self._made = [batches.get(0, index) for index in range(len(batches))]

    def __len__(self) -> int:
        return len(self._made)

    def get(self, epoch: int, index: int) -> object:
        return self._made[index]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="voicemnist-cnn")
    parser.add_argument("--data", default="fsdd")
    parser.add_argument("--batch-size", type=int, default=64)
    arguments = parser.parse_args()
    config = TrainConfig(arguments.model, (arguments.data,), batch_size=arguments.batch_size)
    _, task = load_task(config)
    import_keras("training")
    model = task.build()
    model.compile(optimizer=make_optimizer(config, len(task.batches)), loss=task.loss())
    ready = _Ready(task.batches)

    def epoch_s(batches: Batches) -> float:
        began = time.perf_counter()
        for given, wanted in epoch_batches(batches, 0):
            model.train_on_batch(given, wanted)
        return time.perf_counter() - began

    epoch_s(ready)  # compiles
    seconds = {"as they come": [], "made before": []}
    for _ in range(_ROUNDS):
        seconds["as they come"].append(epoch_s(task.batches))
        seconds["made before"].append(epoch_s(ready))
    for name, values in seconds.items():
        middle = statistics.median(values)
        print(f"batches {name}: {middle:.2f} s an epoch, {ready.clips / middle:.0f} clips/s")
    shares = [model / both for both, model in zip(*seconds.values(), strict=True)]
    print(f"the model's own share of a step: {statistics.median(shares):.0%} ({min(shares):.0%} to {max(shares):.0%})")


if __name__ == "__main__":
    main()
