"""Put every model of the zoo through export and bench, and write what came of it: docs/zoo.md.

    python benchmarks/zoo.py FOLDER... [--records benchmarks/baselines/zoo] [--seconds 1] > docs/zoo.md

The folders hold trained bundles at any depth, such as those of `edgeasr reproduce`. Of each model in `MODELS` the
bundle that was best on its dev split is copied, exported to TFLite and ONNX, float32, dynamic and int8, each by itself,
and benched on the test split. What was measured stays in the records, and is measured again only for another bundle or
another version of edgeasr: an interrupted run goes on, and models whose bundles are elsewhere keep their rows.
"""

import argparse
import sys
from pathlib import Path

from edgeasr.errors import EdgeASRError
from edgeasr_bench.zoo import measure_zoo, write_document


def main() -> None:
    """Do what is left to do, and print the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--records", default=Path(__file__).parent / "baselines/zoo", type=Path)
    parser.add_argument("--seconds", default=1.0, type=float)
    arguments = parser.parse_args()
    try:
        entries = measure_zoo(
            arguments.folders, arguments.records, arguments.seconds, report=lambda line: print(line, file=sys.stderr)
        )
    except EdgeASRError as error:
        sys.exit(f"zoo.py: {error}")
    print(write_document(entries), end="")


if __name__ == "__main__":
    main()
