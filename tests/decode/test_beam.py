"""Beam search against all paths, with and without a language model."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.decode.beam import BeamConfig, BeamDecoder
from edgeasr.decode.ctc import greedy
from edgeasr.decode.ngram import END, LanguageModel
from edgeasr.decode.text import CTC_LABELS
from edgeasr.errors import ConfigError, DataError

LABELS = ("a", "b", " ", "<blank>")
EVERYTHING = {"width": 10_000, "min_log_prob": -1000.0}
MODEL = LanguageModel.train(["i want a latte", "i want a tea", "a tea", "a large latte"], order=2)


def random_scores(seed: int, frames: int, labels: int = len(LABELS), peak: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(labels, 1 / peak), frames)


def likelihoods(scores: np.ndarray) -> dict[str, float]:
    """Sum the probabilities of all paths of each text."""
    sums: dict[str, float] = {}
    for path in itertools.product(range(len(LABELS)), repeat=len(scores)):
        text = "".join(LABELS[label] for label, _ in itertools.groupby(path) if label != len(LABELS) - 1)
        sums[text] = sums.get(text, 0.0) + float(np.prod(scores[np.arange(len(scores)), path]))
    return sums


@given(st.integers(0, 10_000), st.integers(0, 6))
@settings(deadline=None, max_examples=40)
def test_wide_beam_finds_the_most_probable_text(seed: int, frames: int) -> None:
    scores = random_scores(seed, frames)
    sums = likelihoods(scores)
    best = max(sums, key=sums.__getitem__)
    assert BeamDecoder(LABELS, config=BeamConfig(**EVERYTHING))(scores) == " ".join(best.split())


@given(st.integers(0, 10_000), st.integers(1, 6), st.floats(0, 3), st.floats(-2, 2), st.floats(-12, 0))
@settings(deadline=None, max_examples=40)
def test_wide_beam_finds_the_best_sum_of_sounds_and_language(
    seed: int, frames: int, alpha: float, beta: float, unknown: float
) -> None:
    model = LanguageModel.train(["a b", "ab a", "a ab"], order=2)
    scores = random_scores(seed, frames)

    def total(text: str) -> float:
        words = text.split()
        history = ("<s>", *words)
        language = sum(model.score(history[: place + 1], word) for place, word in enumerate((*words, END)))
        strange = sum(word not in model for word in words)
        return float(np.log(sums[text]) + alpha * language + beta * len(words) + unknown * strange)

    sums = likelihoods(scores)
    found = BeamDecoder(LABELS, model, BeamConfig(alpha=alpha, beta=beta, unknown=unknown, **EVERYTHING))(scores)
    best = max(map(total, sums))
    assert max(total(text) for text in sums if text.split() == found.split()) == pytest.approx(best, abs=1e-9)


@given(st.integers(0, 10_000), st.integers(0, 40))
@settings(deadline=None, max_examples=30)
def test_pruning_changes_nothing_where_the_model_is_sure(seed: int, frames: int) -> None:
    scores = np.full((frames, len(CTC_LABELS)), 1e-5)
    best = np.random.default_rng(seed).integers(0, len(CTC_LABELS), frames)
    scores[np.arange(frames), best] = 1 - 28e-5
    texts = {
        BeamDecoder(CTC_LABELS, config=BeamConfig(width=width, min_log_prob=min_log_prob))(scores)
        for width in (4, 64)
        for min_log_prob in (-5.0, -1000.0)
    }
    assert texts == {greedy(scores, CTC_LABELS)}


def test_language_model_prefers_the_likelier_word(spell) -> None:
    scores = spell("i want a tee")
    scores[-2, CTC_LABELS.index("e")], scores[-2, CTC_LABELS.index("a")] = 0.6, 0.39
    assert BeamDecoder(CTC_LABELS)(scores) == "i want a tee"
    assert BeamDecoder(CTC_LABELS, MODEL)(scores) == "i want a tea"
    assert BeamDecoder(CTC_LABELS, MODEL, BeamConfig(alpha=0, beta=0, unknown=0))(scores) == "i want a tee"


def test_language_model_uses_the_words_before(spell) -> None:
    model = LanguageModel.train(["my tea"] * 3 + ["go ten"] * 3, order=2)
    for before, after in (("my", "tea"), ("go", "ten")):
        scores = spell(f"{before} te?".replace("?", "x"))
        scores[-2] = 0.01
        scores[-2, [CTC_LABELS.index("a"), CTC_LABELS.index("n")]] = 0.4
        assert BeamDecoder(CTC_LABELS, model)(scores) == f"{before} {after}"


def test_word_that_the_model_does_not_know_is_heard_where_sounds_insist(spell) -> None:
    scores = spell("a mocha")
    assert BeamDecoder(CTC_LABELS, MODEL)(scores) == "a mocha"
    assert "mocha" not in BeamDecoder(CTC_LABELS, MODEL, BeamConfig(unknown=-1000.0, min_log_prob=-20.0))(scores)


def test_weight_of_words_moves_their_number() -> None:
    scores = np.full((3, len(LABELS)), 1e-3)
    scores[[0, 2], [0, 1]] = 0.997
    scores[1, [2, 3]] = 0.45, 0.55
    model = LanguageModel.train(["a b", "ab"], order=1)
    found = [BeamDecoder(LABELS, model, BeamConfig(alpha=0, beta=beta))(scores) for beta in (-3.0, 3.0)]
    assert found == ["ab", "a b"]


def test_beam_of_no_frames_is_empty() -> None:
    assert BeamDecoder(CTC_LABELS, MODEL)(np.zeros((0, 29), np.float32)) == ""


@pytest.mark.parametrize("width", [1, 2])
def test_narrow_beam_outlives_frames_that_contradict_it(width: int) -> None:
    scores = np.zeros((6, len(LABELS)), np.float32)
    scores[np.arange(6), [0, 1, 2, 1, 2, 0]] = 1
    assert BeamDecoder(LABELS, LanguageModel.train(["b"], 1), BeamConfig(width, unknown=-1000.0))(scores)


@pytest.mark.parametrize("shape", [(5, 28), (29,), (1, 5, 29)])
def test_beam_refuses_scores_of_other_labels(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected scores \[frames, 29\]"):
        BeamDecoder(CTC_LABELS)(np.zeros(shape, np.float32))


def test_beam_refuses_a_language_model_in_other_letters() -> None:
    with pytest.raises(DataError, match="expected words in the characters .*, got LATTE, TEA: write it"):
        BeamDecoder(CTC_LABELS, LanguageModel.train(["LATTE TEA"]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0},
        {"alpha": -1.0},
        {"alpha": float("nan")},
        {"beta": float("inf")},
        {"unknown": float("-inf")},
        {"unknown": 1.0},
        {"min_log_prob": 0.0},
    ],
)
def test_config_refuses_what_makes_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"beam: {next(iter(wrong))} must"):
        BeamConfig(**wrong)


@pytest.mark.parametrize("peak", [1.0, 20.0])
def test_beam_decodes_ten_seconds_in_half_a_second(peak: float) -> None:
    scores = random_scores(0, 400, len(CTC_LABELS), peak).astype(np.float32)
    decode = BeamDecoder(CTC_LABELS, MODEL, BeamConfig(width=32))
    times_s = []
    for _ in range(3):
        start_s = time.process_time()  # so that a busy machine does not fail it
        decode(scores)
        times_s.append(time.process_time() - start_s)
    assert min(times_s) < 0.5
