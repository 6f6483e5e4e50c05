"""The language model: probabilities that sum to one, ARPA files, and back-off by hand."""

import math
import zipfile
from csv import DictReader
from io import TextIOWrapper
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeasr.decode.ngram import END, START, UNKNOWN, LanguageModel
from edgeasr.errors import ConfigError, DataError

ARPA = """A model made by hand; text before the header is passed over.

\\data\\
ngram 1=5
ngram 2=3
ngram 3=1

\\1-grams:
-2.0\t<unk>\t0
-99\t<s>\t-0.5
-1.0\t</s>
-0.5\ttea\t-0.25
-0.75 milk -0.125

\\2-grams:
-0.25\t<s> tea\t-0.3
-0.4\ttea milk
-0.6\tmilk </s>

\\3-grams:
-0.1\t<s> tea milk

\\end\\
"""
WORDS = st.sampled_from(["tea", "milk", "a", "with"])
SENTENCES = st.lists(st.lists(WORDS, max_size=5).map(" ".join), min_size=1, max_size=8).filter(any)


@pytest.fixture
def arpa(tmp_path: Path) -> Path:
    path = tmp_path / "model.arpa"
    path.write_text(ARPA, encoding="utf-8")
    return path


@given(SENTENCES, st.integers(1, 4), st.lists(WORDS | st.sampled_from([START, "never"]), max_size=4))
def test_probabilities_after_any_words_sum_to_one(sentences: list[str], order: int, context: list[str]) -> None:
    model = LanguageModel.train(sentences, order)
    total = math.fsum(math.exp(model.score(context, word)) for word in (*model.words, END, UNKNOWN))
    assert total == pytest.approx(1)


def test_witten_bell_is_as_worked_out_by_hand() -> None:
    model = LanguageModel.train(["a b", "a a"], order=2)
    # After nothing: a 3 times, </s> 2, b 1, of 6 and 3 kinds; 4 words to share the rest between, <unk> among them.
    unigram = {"a": (3 + 3 / 4) / 9, "b": (1 + 3 / 4) / 9, END: (2 + 3 / 4) / 9, UNKNOWN: 3 / 4 / 9}
    for word, probability in unigram.items():
        assert model.score((), word) == pytest.approx(math.log(probability))
    assert model.score((START,), "a") == pytest.approx(math.log((2 + unigram["a"]) / 3))
    assert model.score(("a",), "b") == pytest.approx(math.log((1 + 3 * unigram["b"]) / 6))
    assert model.score(("b",), "a") == pytest.approx(math.log(unigram["a"] / 2))
    assert model.score(("a",), "cocoa") == pytest.approx(math.log(unigram[UNKNOWN] * 3 / 6))


def test_perplexity_is_that_of_what_it_learnt() -> None:
    certain = LanguageModel.train(["a large latte"] * 1000, order=3)
    assert certain.perplexity(["a large latte"]) == pytest.approx(1, abs=0.01)
    assert certain.perplexity(["latte large a"]) > 20
    coin = LanguageModel.train(["a", "b"] * 1000, order=2)
    assert coin.perplexity(["a", "b"]) == pytest.approx(math.sqrt(2), abs=0.01)  # one word of two, then a certain end


def test_longer_context_helps_on_coffee_orders(real) -> None:
    with zipfile.ZipFile(real("coffee_orders.zip")) as archive:
        rows = list(DictReader(TextIOWrapper(archive.open("coffee_orders/manifest.csv"), "utf-8")))
    train, test = ([row["text_auto"] for row in rows if row["split"] == split] for split in ("train", "test"))
    perplexities = [LanguageModel.train(train, order).perplexity(test) for order in (1, 2, 3)]
    assert perplexities == sorted(perplexities, reverse=True)
    assert perplexities[2] < 6


def test_arpa_file_is_backed_off_as_worked_out_by_hand(arpa: Path) -> None:
    model = LanguageModel.read(arpa)
    assert model.order == 3
    assert set(model.words) == {"tea", "milk"}
    expected = {
        ((START, "tea"), "milk"): -0.1,
        ((START, "tea"), END): -0.3 - 0.25 - 1.0,
        ((START, "milk"), END): -0.6,  # "<s> milk" is not there: its weight is 1
        ((START,), "milk"): -0.5 - 0.75,
        (("never", "tea"), "milk"): -0.4,
        (("tea", "milk"), "cocoa"): -0.125 - 2.0,
        ((START, "tea", "tea", "tea"), "milk"): -0.4,
        ((), "tea"): -0.5,
    }
    for (context, word), log10 in expected.items():
        assert model.score(context, word) == pytest.approx(log10 * math.log(10)), (context, word)


def test_unknown_word_of_a_model_without_unk_is_all_but_impossible(arpa: Path) -> None:
    arpa.write_text(ARPA.replace("-2.0\t<unk>\t0\n", "").replace("1=5", "1=4"), encoding="utf-8")
    assert LanguageModel.read(arpa).score((), "cocoa") == pytest.approx(-99 * math.log(10))


@given(sentences=SENTENCES, order=st.integers(1, 4))
def test_written_model_is_read_back_the_same(tmp_path_factory, sentences: list[str], order: int) -> None:
    path = tmp_path_factory.mktemp("arpa") / "model.arpa"
    model = LanguageModel.train(sentences, order)
    model.write(path)
    read = LanguageModel.read(path)
    assert set(read.words) == set(model.words)
    assert read.order <= order
    for context in ((), (START,), ("tea", "milk"), (START, "a", "with"), ("never", "a")):
        for word in (*model.words, END, UNKNOWN):
            assert read.score(context, word) == model.score(context, word)
    first = path.read_bytes()
    LanguageModel.train(sentences, order).write(path)
    assert path.read_bytes() == first


def test_train_passes_over_empty_sentences() -> None:
    assert LanguageModel.train(["", "a b", "  "], 2).perplexity(["a b"]) == LanguageModel.train(["a b"], 2).perplexity(
        ["a b"]
    )


@pytest.mark.parametrize("order", [0, -1, 10])
def test_train_refuses_an_order_out_of_range(order: int) -> None:
    with pytest.raises(ConfigError, match=f"order must lie in 1 to 9, got {order}"):
        LanguageModel.train(["a"], order)


@pytest.mark.parametrize("sentences", [[], ["", " "]])
def test_train_and_perplexity_refuse_no_sentences(sentences: list[str]) -> None:
    with pytest.raises(DataError, match="expected sentences to train it on, got none"):
        LanguageModel.train(sentences)
    with pytest.raises(DataError, match="expected sentences to measure it on, got none"):
        LanguageModel.train(["a"]).perplexity(sentences)


def test_train_refuses_marks_among_the_words() -> None:
    with pytest.raises(DataError, match="words only, got '</s>' in 'a b </s>'"):
        LanguageModel.train(["a b </s>"])


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (ARPA, "", r"without a line \\data\\"),
        (ARPA, "[binary]", r"without a line \\data\\"),
        ("\\end\\", "", r"expected a line \\end\\, got the end of the file: it is cut off"),
        ("-0.4\ttea milk\n", "", "line 19: expected 3 2-grams as the header says, got '2'"),
        ("ngram 2=3", "ngram 3=3", "line 5: expected 'ngram 2=COUNT', got 'ngram 3=3'"),
        ("ngram 2=3", "two", "line 5: expected 'ngram 2=COUNT', got 'two'"),
        ("\\2-grams:", "\\3-grams:", "line 15: expected .*2-grams:', got"),
        ("\\end\\", "\\4-grams:", r"expected '\\end\\'"),
        ("ngram 3=1\n", "ngram 3=1\nngram 4=0\n", "expected n-grams of every length in the header"),
        ("-0.4\ttea", "x\ttea", "line 17: expected a finite number, got 'x'"),
        ("-0.4\ttea", "nan\ttea", "line 17: expected a finite number, got 'nan'"),
        ("-0.4\ttea", "0.4\ttea", "line 17: expected the log10 of a probability, at most 0, got '0.4'"),
        ("-0.4\ttea milk", "-0.4\ttea", "line 17: expected a log10 probability, 2 words and perhaps .*, got '-0.4"),
        ("-0.4\ttea milk", "-0.4\ttea milk -1 -2", "line 17: expected a log10 probability, 2 words"),
    ],
)
def test_read_refuses_a_broken_file_in_one_line(arpa: Path, old: str, new: str, complaint: str) -> None:
    assert old in ARPA
    arpa.write_text(ARPA.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=complaint) as caught:
        LanguageModel.read(arpa)
    assert str(caught.value).startswith(f"{arpa}: ")
    assert "\n" not in str(caught.value)


def test_read_refuses_a_header_of_nothing(arpa: Path) -> None:
    arpa.write_text("\\data\\\n\\end\\\n", encoding="utf-8")
    with pytest.raises(DataError, match="expected n-grams"):
        LanguageModel.read(arpa)


def test_read_refuses_a_file_that_is_not_text(arpa: Path) -> None:
    arpa.write_bytes(b"\x1f\x8b\x08\xff\xfe")
    with pytest.raises(DataError, match=r"model\.arpa: expected an ARPA language model, got a file that is not text"):
        LanguageModel.read(arpa)
