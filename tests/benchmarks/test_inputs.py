"""Where the inputs of the models come from."""

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.data.dataset import Dataset, Example
from edgeasr.errors import ArtefactError, DataError
from edgeasr.runtime import load
from edgeasr_bench import inputs as module
from edgeasr_bench.inputs import noise, read_inputs
from edgeasr_bench.subjects import find_subjects


@pytest.fixture
def read(without_keras):
    """Give a function that reads the inputs for paths."""

    def read(*paths, data=None, split="test"):
        subjects = find_subjects(paths, print)
        models = [load(subject.source, subject.runtime) for subject in subjects]
        return read_inputs(subjects, models, data, split)

    return read


@pytest.fixture
def give_dataset(monkeypatch):
    """Give a function that makes a data set of `content` for each label, known as `made-up`."""

    def give(labels, content):
        examples = [
            Example(f"{label}-{number}", label, "", "test", lambda: content)
            for label in (*labels, None)
            for number in range(3)
        ]
        monkeypatch.setattr(module, "load_dataset", lambda spec: Dataset(spec, labels, tuple(examples), ""))

    return give


def test_bundle_is_fed_its_verification_samples(make_bundle, read):
    bundle = make_bundle()
    for given in read(bundle.path):
        assert np.array_equal(given.features, bundle.samples().verification)
        assert np.array_equal(given.targets, bundle.samples().targets)


def test_artefact_alone_is_fed_the_front_ends_view_of_noise(make_bundle, read):
    (given,) = read(make_bundle().artefact_paths[0])
    assert given.targets is None
    assert given.features.shape[1:] == (19, 8)
    assert np.isfinite(given.features).all()


def test_foreign_file_is_fed_its_own_shape(make_onnx, read):
    (given,) = read(make_onnx(shape=(7, 5)))
    assert given.targets is None
    assert given.features.shape[1:] == (7, 5)


def test_data_set_is_read_once_for_models_of_one_front_end(make_bundle, read, give_dataset):
    give_dataset(("one", "two", "three"), Clip(np.full(1600, 0.1, np.float32), 8000))
    first, second = read(*make_bundle().artefact_paths, data="made-up")
    assert first is second
    assert first.targets.tolist() == [
        0,
        0,
        0,
        1,
        1,
        1,
        2,
        2,
        2,
    ]  # the background has no label and is left out
    assert first.features.shape == (9, 19, 8)


def test_data_set_of_ready_features_fits_a_foreign_file(make_onnx, read, give_dataset):
    give_dataset(("a", "b", "c"), np.ones((19, 8), np.float32))
    (given,) = read(make_onnx(), data="made-up")
    assert given.targets.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_foreign_file_of_another_width_is_an_error_that_says_both(make_onnx, read, give_dataset):
    give_dataset(("a", "b", "c"), np.ones((19, 8), np.float32))
    with pytest.raises(ArtefactError, match=r"five\.onnx: has 5 outputs, made-up has 3 labels"):
        read(make_onnx("five.onnx", outputs=5), data="made-up")


def test_foreign_file_of_another_shape_is_an_error(make_onnx, read, give_dataset):
    give_dataset(("a", "b", "c"), np.ones((4, 4), np.float32))
    with pytest.raises(ArtefactError, match=r"expects features of shape \(19, 8\), got \(4, 4\)"):
        read(make_onnx(), data="made-up")


def test_foreign_file_cannot_be_fed_sound(make_onnx, read, give_dataset):
    give_dataset(("a", "b", "c"), Clip(np.zeros(1600, np.float32), 8000))
    with pytest.raises(ArtefactError, match="carries no front end"):
        read(make_onnx(), data="made-up")


def test_empty_split_is_an_error(make_bundle, read, give_dataset):
    give_dataset(("one",), np.ones((19, 8), np.float32))
    with pytest.raises(DataError, match="no labelled clips in its split 'dev'"):
        read(make_bundle().path, data="made-up", split="dev")


def test_noise_is_the_same_every_time(make_bundle):
    config = make_bundle().manifest.frontend
    assert np.array_equal(noise(config), noise(config))
    assert noise(config)[0].shape == (config.clip_samples,)
    assert noise(config)[0].dtype == np.float32
