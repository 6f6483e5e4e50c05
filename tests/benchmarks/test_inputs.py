"""Where the inputs of the models come from."""

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.data import dataset as module
from edgeasr.data.dataset import Dataset, Example
from edgeasr.errors import ArtefactError, DataError
from edgeasr.runtime import load
from edgeasr_bench.agent.work import noise
from edgeasr_bench.candidates import find_candidates
from edgeasr_bench.inputs import read_inputs
from edgeasr_bench.settings import Settings

LABELS = ("one", "two", "three")


@pytest.fixture
def read(without_keras, tmp_path):
    """Give a function that reads the inputs for paths."""

    def read(*paths, **settings):
        candidates = find_candidates(paths, tmp_path, print)
        models = [load(candidate.source, candidate.runtime) for candidate in candidates]
        return read_inputs(candidates, models, Settings(**settings))

    return read


@pytest.fixture
def give_dataset(monkeypatch):
    """Give a function that makes a data set of `content` for each label, known as `made-up`."""

    def give(labels, content):
        examples = [
            Example(f"{label}-{speaker}", label, speaker, "train" if speaker == "c" else "test", lambda: content)
            for label in (*labels, None)
            for speaker in "abc"
        ]
        monkeypatch.setattr(module, "load_dataset", lambda spec: Dataset(spec, labels, tuple(examples), ""))

    return give


def test_bundle_is_fed_its_verification_samples(make_bundle, read):
    bundle = make_bundle()
    for given in read(bundle.path):
        assert np.array_equal(given.features, bundle.samples().verification)
        assert np.array_equal(given.targets, bundle.samples().targets)


def test_artefact_alone_is_fed_the_front_ends_view_of_noise(make_bundle, read):
    (given,) = read(make_bundle().path / "tiny.int8.onnx")
    assert given.targets is None
    assert given.features.shape[1:] == (19, 8)
    assert np.isfinite(given.features).all()


def test_foreign_file_is_fed_its_own_shape(make_onnx, read):
    (given,) = read(make_onnx(shape=(7, 5)))
    assert given.targets is None
    assert given.features.shape[1:] == (7, 5)


def test_data_set_is_read_once_for_models_of_one_front_end(make_bundle, read, give_dataset):
    give_dataset(LABELS, Clip(np.full(1600, 0.1, np.float32), 8000))
    first, second, third = read(make_bundle().path, make_bundle("other").path / "tiny.int8.onnx", data=("made-up",))
    assert first is second is third
    assert first.targets.tolist() == [0, 0, 1, 1, 2, 2]  # the background has no label and is left out
    assert first.features.shape == (6, 19, 8)


def test_data_sets_are_joined_and_split_by_speaker(make_bundle, read, give_dataset):
    give_dataset(LABELS, Clip(np.full(1600, 0.1, np.float32), 8000))
    (given, _) = read(make_bundle().path, data=("made-up", "made-up"), leave_out="c")
    assert given.targets.tolist() == [0, 1, 2, 0, 1, 2]


def test_data_set_of_ready_features_fits_a_foreign_file_whose_labels_are_given(make_onnx, read, give_dataset):
    give_dataset(("a", "b", "c"), np.ones((19, 8), np.float32))
    (given,) = read(make_onnx(), data=("made-up",), labels=("c", "b", "a"))
    assert given.targets.tolist() == [2, 2, 1, 1, 0, 0]


def test_labels_inside_come_before_those_given(make_bundle, read, give_dataset):
    give_dataset(LABELS, np.ones((19, 8), np.float32))
    (given, _) = read(make_bundle().path, data=("made-up",), labels=("c", "b", "a"))
    assert given.targets.tolist() == [0, 0, 1, 1, 2, 2]


def test_foreign_file_without_labels_is_an_error(make_onnx, read, give_dataset):
    give_dataset(("a", "b", "c"), np.ones((19, 8), np.float32))
    with pytest.raises(ArtefactError, match=r"foreign\.onnx: carries no labels: pass --labels"):
        read(make_onnx(), data=("made-up",))


def test_foreign_file_of_another_width_is_an_error(make_onnx, read, give_dataset):
    give_dataset(("a", "b", "c"), np.ones((19, 8), np.float32))
    with pytest.raises(ArtefactError, match=r"five\.onnx: has 5 outputs, got 3 labels"):
        read(make_onnx("five.onnx", outputs=5), data=("made-up",), labels=("a", "b", "c"))


def test_foreign_file_cannot_be_fed_sound(make_onnx, read, give_dataset):
    give_dataset(("a", "b", "c"), Clip(np.zeros(1600, np.float32), 8000))
    with pytest.raises(DataError, match="carries no front end"):
        read(make_onnx(), data=("made-up",), labels=("a", "b", "c"))


def test_empty_split_is_an_error(make_bundle, read, give_dataset):
    give_dataset(("one",), np.ones((19, 8), np.float32))
    with pytest.raises(DataError, match="no labelled clip in the split 'dev'"):
        read(make_bundle().path, data=("made-up",), split="dev")


def test_noise_is_the_same_every_time(make_bundle):
    config = make_bundle().manifest.frontend
    assert np.array_equal(noise(config), noise(config))
    assert noise(config)[0].shape == (config.clip_samples,)
    assert noise(config)[0].dtype == np.float32
