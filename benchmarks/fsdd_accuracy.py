"""Measure what quantisation costs on the Free Spoken Digit Dataset, and write it to `docs/accuracy.md`.

    python benchmarks/fsdd_accuracy.py

Trains `fsdd-cnn` and `ds-cnn` by their recipes with three seeds on the authors' split, and once for each speaker left
out; exports each and evaluates the Keras original and the int8 files on the whole test split. Everything goes through
the command line, as a user would do it. What is done already in the runs folder is not done again.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RECIPES = {"fsdd-cnn": "fsdd-cnn.toml", "ds-cnn": "fsdd-ds-cnn.toml"}
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
SEEDS = (0, 1, 2)


def main() -> None:
    """Do all runs and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="fsdd", help="the data set, fsdd or fsdd:PATH")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for the bundles and results")
    arguments = parser.parse_args()
    by_seed = {model: [measure(model, arguments, seed, None) for seed in SEEDS] for model in RECIPES}
    by_speaker = {model: {name: measure(model, arguments, 0, name) for name in SPEAKERS} for model in RECIPES}
    (ROOT / "docs" / "accuracy.md").write_text(tables(by_seed, by_speaker))


def measure(model: str, arguments: argparse.Namespace, seed: int, speaker: str | None) -> dict[str, Any]:
    """Train, export and evaluate once; give the accuracies in percent and the size of the files in bytes."""
    bundle = arguments.runs / f"{model}-{speaker or f'seed{seed}'}"
    result_path = bundle.with_suffix(".json")
    if result_path.exists():
        result: dict[str, Any] = json.loads(result_path.read_text())
        return result
    left_out = ("--leave-out", speaker) if speaker else ()
    recipe = ROOT / "export" / "recipes" / RECIPES[model]
    if not (bundle / "manifest.json").exists():
        edgeasr("train", "--recipe", recipe, "--data", arguments.data, "--seed", seed, "--out", bundle, *left_out)
    exported = edgeasr("export", bundle, "--int8")["artefacts"]
    files = {f"int8 {item['format']}": Path(item["path"]) for item in exported}
    result = {}
    for name, path in {"float": bundle, **files}.items():
        result[name] = 100 * edgeasr("evaluate", path)["accuracy"]["value"]
    result["bytes"] = {name: path.stat().st_size for name, path in files.items()}
    result_path.write_text(json.dumps(result))
    return result


def edgeasr(*arguments: object) -> Any:
    """Run a command and read its JSON."""
    command = [sys.executable, "-m", "edgeasr", *map(str, arguments), "--json"]
    print("$", *command[2:], file=sys.stderr, flush=True)
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def tables(by_seed: dict[str, list[dict[str, Any]]], by_speaker: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Render the results as Markdown."""
    columns = ("float", "int8 tflite", "int8 onnx")
    lines = [
        "# Accuracy on the Free Spoken Digit Dataset",
        "",
        "Made by `python benchmarks/fsdd_accuracy.py`; do not edit. Percent of test clips",
        "that are right: `float` is the Keras original, the others are the exported files in their runtimes.",
        "",
        "## The authors' split",
        "",
        "Recordings 0 to 4 of each speaker and digit are the test (300 clips), the speakers are those of training.",
        "",
        "| model | seed | float | int8 TFLite | int8 ONNX |",
        "| --- | --- | --- | --- | --- |",
    ]
    for model, runs in by_seed.items():
        lines += [f"| `{model}` | {seed} | {cells(run, columns)} |" for seed, run in zip(SEEDS, runs, strict=True)]
        median = {column: statistics.median(run[column] for run in runs) for column in columns}
        lines.append(f"| `{model}` | **median** | {cells(median, columns)} |")
    lines += [
        "",
        "## Leave one speaker out",
        "",
        "Trained on five speakers, tested on all 500 clips of the sixth, whom the model never heard. Six speakers are",
        "few: this is what to expect of a model trained on five voices, not of the architecture.",
        "",
        "| model | speaker left out | float | int8 TFLite | int8 ONNX |",
        "| --- | --- | --- | --- | --- |",
    ]
    for model, speakers in by_speaker.items():
        lines += [f"| `{model}` | {name} | {cells(run, columns)} |" for name, run in speakers.items()]
        mean = {column: statistics.mean(run[column] for run in speakers.values()) for column in columns}
        lines.append(f"| `{model}` | **mean** | {cells(mean, columns)} |")
    return "\n".join(lines) + "\n"


def cells(run: dict[str, Any], columns: tuple[str, ...]) -> str:
    """Render the figures of one run."""
    return " | ".join(f"{run[column]:.2f}" for column in columns)


if __name__ == "__main__":
    main()
