"""Measure what each way of winning accuracy back is worth, and write docs/ablation.md.

    python benchmarks/ablation.py BUNDLE... --work WORK [--epochs 3] > docs/ablation.md

Each bundle's model goes through each combination of passes, is quantised in several ways, and runs on the test split of
its data sets. What is done stands in WORK, and is done again only for another bundle or another version of edgeasr.
"""

import argparse
import os
import sys
from pathlib import Path

from edgeasr.bundle import Bundle
from edgeasr.errors import EdgeASRError
from edgeasr_bench.ablation import measure, write_document


def main() -> None:
    """Do what is left to do, and print the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--epochs", default=3, type=int, help="of fine-tuning")
    arguments = parser.parse_args()
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the converter's
    try:
        ablations = [
            measure(
                Bundle.open(path), arguments.work, arguments.epochs, report=lambda line: print(line, file=sys.stderr)
            )
            for path in arguments.bundles
        ]
    except EdgeASRError as error:
        sys.exit(f"ablation.py: {error}")
    print(write_document(ablations), end="")


if __name__ == "__main__":
    main()
