"""`edgeasr evaluate --stream`: tones as words, and a model that tells them apart."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.builtin import BUILTIN
from edgeasr.bundle import Artefact, Bundle
from edgeasr.cli import group
from edgeasr.errors import BundleError, ConfigError, DataError, EdgeASRError


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, ["evaluate", *map(str, arguments)])


def evaluate(*arguments: str | Path) -> dict:
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0, result.exception or result.stderr
    return json.loads(result.stdout)


def refused(error: type[EdgeASRError], *arguments: str | Path) -> str:
    result = invoke(*arguments)
    assert isinstance(result.exception, error), result.exception or result.output
    return str(result.exception)


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give words of dev and test: three tones of the labels low and high, and of one that the model does not know."""
    folder = tmp_path_factory.mktemp("tones")
    time = np.arange(6400) / 16000
    for label, hz in (("low", 500), ("high", 6000), ("other", 7000)):
        for number in range(3):
            tone = 0.3 * np.sin(2 * np.pi * (hz + 50 * number) * time).astype(np.float32)
            for split in ("dev", "test"):
                write_wav(folder / split / label / f"{number}.wav", Clip(tone, 16000))
    return f"folder:{folder}"


@pytest.fixture
def bundle(model: str, tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(BUILTIN, tmp_path / "bundle"))
    file = Path(shutil.copy(model, tmp_path))
    return Bundle.open(folder).add(Artefact(file.name, "onnx", "float32", {}), file).path


def test_stream_finds_the_words_and_counts_what_is_none(model: str, tones: str) -> None:
    result = evaluate(model, "--stream", "--data", tones, "--snr-db", "40")
    assert (result["words"], result["missed"]) == (6, 0)
    # `other` sounds like `high`
    assert result["labels"]["high"] == {"words": 3, "missed": 0, "false_accepts": 3, "confused": 0}
    assert result["labels"]["low"] == {"words": 3, "missed": 0, "false_accepts": 0, "confused": 0}
    rate = result["false_accepts_per_hour"]
    assert rate["low"] < rate["value"] < rate["high"]
    assert rate["value"] == pytest.approx(3 / result["background_hours"])
    assert result["threshold"] == 0.8
    assert result["robustness"] == {}


def test_stream_for_people_says_the_same(model: str, tones: str) -> None:
    result = invoke(model, "--stream", "--data", tones, "--snr-db", "40")
    assert result.stdout.startswith("threshold 0.8\nmissed 0 of 6 words: 0.0%")
    assert "minutes with 6 words" in result.stderr


def test_truth_and_recording_give_the_same_measures(model: str, tones: str, tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    made = evaluate(model, "--stream", "--data", tones, "--snr-db", "40", "--truth", truth)
    assert evaluate(model, "--recording", truth) == made


def test_bundle_keeps_what_its_settings_were_measured_on(bundle: Path, tones: str, tmp_path: Path) -> None:
    truth, artefact = tmp_path / "truth.json", bundle / "bands.onnx"

    def measured(*arguments: str | Path) -> dict:
        evaluate(artefact, *arguments, "--write")
        kept = Bundle.open(bundle).manifest.spotting["measured"]
        return {name: kept[name] for name in ("recording", "split", "snr_db") if name in kept}

    assert measured("--stream", "--data", tones, "--truth", truth) == {"split": "test", "snr_db": 10.0}
    assert measured("--recording", truth) == {"recording": "truth.json"}


def test_target_chooses_a_threshold_that_listen_takes_from_the_bundle(
    model: str, tones: str, bundle: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    artefact, picture = bundle / Path(model).name, tmp_path / "det.png"
    data = ("--stream", "--data", tones, "--snr-db", "40")
    chosen = evaluate(artefact, *data, "--split", "dev", "--target-fa-per-hour", "0", "--write", "--plot", picture)
    assert chosen["false_accepts"] == 0
    assert chosen["threshold"] > 0.8
    assert picture.stat().st_size > 1000
    spotting = Bundle.open(bundle).manifest.spotting
    assert spotting["config"]["threshold"] == chosen["threshold"]
    assert spotting["measured"]["missed"] == chosen["missed"]
    again = evaluate(artefact, *data)  # the splits have the same tones
    assert (again["threshold"], again["missed"]) == (chosen["threshold"], chosen["missed"])
    assert evaluate(artefact, *data, "--threshold", "0.8")["threshold"] == 0.8


def test_robustness_measures_every_disturbance(model: str, tones: str) -> None:
    pytest.importorskip("soxr")
    rows = evaluate(model, "--stream", "--data", tones, "--snr-db", "40", "--robustness")["robustness"]
    assert list(rows) == [
        "as it is",
        *(f"SNR {snr_db} dB" for snr_db in (20, 10, 5, 0)),
        *(f"gain {gain_db:+d} dB" for gain_db in (-20, -10, 10, 20)),
        "speed x 0.9",
        "speed x 1.1",
        "room (0.3 s to -60 dB)",
        "room (0.6 s to -60 dB)",
        "clipped (+30 dB)",
        "telephone (300-3400 Hz)",
    ]
    assert rows["gain -20 dB"]["missed"] > 0  # this model wants it loud
    assert rows["telephone (300-3400 Hz)"]["labels"]["high"]["missed"] == 3  # tones of 6 kHz


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--write"], "--write is for continuous audio"),
        (["--target-fa-per-hour", "0"], "--target-fa-per-hour is for continuous audio"),
        (["--hop-ms", "20"], "the options of a spotter are for continuous audio"),
        (["--stream", "--labels", "a,b"], "--labels and --lm are for clips"),
        (["--stream", "--threshold", "low=2"], "expected P or LABEL=P"),
        (["--stream", "--threshold", "loud"], "expected P or LABEL=P"),
        (["--stream", "--snr-db", "nan"], "expected a finite number, got nan"),
        (["--stream", "--target-fa-per-hour", "inf"], "expected a finite number, got inf"),
        (["--stream", "--target-fa-per-hour", "0", "--write"], "pass --split dev, then evaluate"),
        (["--stream", "--loops", "2"], "--loops is for background speech: pass --speech"),
        (["--recording", "x.json", "--snr-db", "0"], "--snr-db makes a stream of clips: leave it out with --recording"),
        (["--recording", "x.json", "--truth", "x.json"], "--truth makes a stream of clips"),
        (["--recording", "x.json"], "--data and --leave-out choose clips: leave them out with --recording"),
    ],
)
def test_stream_wrong_usage_exits_with_2(model: str, tones: str, arguments: list[str], complaint: str) -> None:
    result = invoke(model, "--data", tones, *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_stream_of_words_that_the_model_does_not_spot_is_refused(model: str, tmp_path: Path) -> None:
    for label in ("yes", "no"):
        write_wav(tmp_path / "test" / label / "a.wav", Clip(np.full(800, 0.1, np.float32), 16000))
    message = refused(DataError, model, "--stream", "--data", f"folder:{tmp_path}")
    assert "none of low, high is said in the test split" in message


def test_a_rate_that_no_threshold_has_is_an_error(model: str, tones: str) -> None:
    message = refused(
        ConfigError,
        model,
        "--stream",
        "--data",
        tones,
        "--target-fa-per-hour",
        "0",
        "--smoothing",
        "max",
        "--snr-db",
        "0",
    )
    assert "no threshold has 0 false accepts an hour or fewer" in message


def test_write_without_a_bundle_is_refused_before_the_work(model: str, tones: str) -> None:
    result = invoke(model, "--stream", "--data", tones, "--write")
    assert isinstance(result.exception, BundleError)
    assert "minutes with" not in result.stderr


def test_write_of_a_file_that_is_not_the_bundles_is_refused_before_the_work(
    model: str, tones: str, tmp_path: Path
) -> None:
    bundle = Path(shutil.copytree(BUILTIN, tmp_path / "bundle"))
    stranger = Path(shutil.copy(model, bundle))
    result = invoke(stranger, "--stream", "--data", tones, "--split", "dev", "--target-fa-per-hour", "0.5", "--write")
    assert isinstance(result.exception, BundleError)
    assert f"{stranger}: expected a file of the bundle in its folder" in str(result.exception)
    assert "minutes with" not in result.stderr
    assert not Bundle.open(bundle).manifest.spotting
