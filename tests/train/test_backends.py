"""The same training code on another Keras backend, in an environment of its own without TensorFlow."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_train_runs_unchanged_on_jax_and_exports_from_there(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    packages = ["keras", "jax", "soundfile", "soxr", "espeakng-loader", "jiwer"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"{ROOT}", *packages], check=True)
    command = ["-m", "edgeasr", "train", "ds-cnn", "--data", "synthetic:yes,no", "--epochs", "2", "--out", "bundle"]
    done = subprocess.run(
        [python, *command], cwd=tmp_path, env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "jax on " in done.stderr
    exported = subprocess.run(
        [sys.executable, "-m", "edgeasr", "export", "bundle", "--float32", "--format", "tflite", "--json"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    (artefact,) = json.loads(exported.stdout)["artefacts"]
    assert artefact["verification"]["agreement"] == 1

    (tmp_path / "ctc.toml").write_text('model = "ctc-small"\ndata = ["synthetic:yes,no"]\nepochs = 1\nlimit = 16\n')
    command = ["-m", "edgeasr", "train", "--recipe", "ctc.toml", "--out", "recogniser"]
    done = subprocess.run(
        [python, *command], cwd=tmp_path, env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "test split: WER" in done.stdout
