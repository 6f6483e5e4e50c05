"""The files of studies: those that come along are right, and mistakes are named."""

from pathlib import Path
from typing import Any

import pytest

from edgeasr.config import from_mapping, read_toml
from edgeasr.errors import ConfigError
from edgeasr.train.config import TrainConfig
from edgeasr_bench.study.spec import STUDIES, Study, load_study, study_names

ROOT = Path(__file__).resolve().parents[3]


def test_studies_of_the_documents_are_there() -> None:
    assert set(study_names()) == {"attention", "attention-images", "ctc", "fsdd-cnn-rnn", "voice-mnist"}


@pytest.mark.parametrize("name", study_names())
def test_study_loads_and_so_does_its_quick_form(name: str) -> None:
    study, quick = load_study(name), load_study(name, quick=True)
    assert study.seeds == (0, 1, 2)
    assert any(run.paper.accuracy or run.paper.dev_loss for run in study.runs)
    assert study.why
    assert len(quick.seeds) == 1
    assert {run.name for run in quick.runs} <= {run.name for run in study.runs}
    assert all(quick.config(run, 0).epochs <= 2 for run in quick.runs)
    assert all(0 < quick.config(run, 0).limit <= 1000 for run in quick.runs)


@pytest.mark.parametrize("name", study_names())
def test_study_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "studies.md").read_text()


def test_example_of_the_documentation_is_a_study(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "studies.md").read_text()
    path = tmp_path / "own.toml"
    path.write_text(text.split("```toml\n")[1].split("```")[0])
    assert load_study(str(path)).runs[0].paper.parameters == 23180


def test_small_recogniser_of_the_study_is_that_of_the_recipe() -> None:
    recipe = read_toml(ROOT / "export" / "recipes" / "coffee-orders.toml")
    study = load_study("ctc")
    (run,) = study.select(("ctc-small",))
    assert study.config(run, 0) == from_mapping(TrainConfig, recipe, "recipe")


def test_quick_form_of_ctc_needs_no_archive() -> None:
    study = load_study("ctc", quick=True)
    assert all(name.startswith("synthetic:") for run in study.runs for name in study.config(run, 0).data)


def test_measure_follows_from_the_models() -> None:
    assert {name: load_study(name).measure for name in ("ctc", "fsdd-cnn-rnn")} == {
        "ctc": "WER",
        "fsdd-cnn-rnn": "accuracy",
    }


def test_settings_of_a_run_go_before_those_of_the_study(study: Study) -> None:
    config = study.config(study.runs[2], 5)
    assert (config.model, config.batch_size, config.epochs, config.seed) == ("fsdd-cnn", 16, 4, 5)


def test_quick_settings_go_before_all_others(study: Study) -> None:
    quick = study.as_quick()
    assert [run.name for run in quick.runs] == ["a-2", "b"]
    assert [section.runs for section in quick.sections] == [("a-2",), ("b",)]
    assert {quick.config(run, 7).epochs for run in quick.runs} == {1}
    assert quick.seeds == (7,)
    assert quick.runs[1].settings == {"model": "fsdd-cnn"}  # of the tables: what is the same for all is not there


def test_number_of_seeds_can_be_given() -> None:
    assert load_study("ctc", seeds=2).seeds == (0, 1)
    assert load_study("ctc", quick=True, seeds=4).seeds == (0, 1, 2, 3)


def test_select_keeps_the_order_of_the_study(study: Study) -> None:
    assert [run.name for run in study.select(("b", "a-2"))] == ["a-2", "b"]
    assert study.select(()) == study.runs
    with pytest.raises(ConfigError, match=r"^--run: no run 'c': expected one of a-2, a-4, b$"):
        study.select(("c",))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"titel": "x"}, "study.toml: unknown setting 'titel': expected one of title"),
        ({"runs": []}, "expected at least one run"),
        ({"quick": {"runs": [], "settings": {}}}, "expected at least one run"),
        ({"seeds": []}, "seeds must name at least one"),
        ({"runs": [{"name": "a-2"}, {"name": "a-2"}]}, "the run 'a-2' is there twice"),
        ({"runs": [{"name": "A 2"}]}, "expected a run's name of small letters, digits, '-' and '.', got 'A 2'"),
        ({"runs": [{"name": "a", "paper": {"acuracy": 1}}]}, "unknown setting 'acuracy': expected one of accuracy"),
        ({"quick": {"runs": ["z"], "settings": {}}}, "quick: no run 'z': expected one of a-2, a-4, b"),
        ({"sections": [{"title": "T", "runs": ["z"]}]}, "section 'T': no run 'z': expected one of a-2, a-4, b"),
        ({"sections": [{"title": "T", "runs": ["a-2", "b"]}]}, "the run 'a-4' is in no section"),
        (
            {"sections": [{"title": "T", "runs": ["a-2"], "against": "model"}]},
            "section 'T': against must be one of epochs, batch_size, learning_rate, limit, got 'model'",
        ),
    ],
)
def test_study_with_a_mistake_is_refused(values: dict[str, Any], change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        from_mapping(Study, values | change, "study.toml")
    assert str(refused.value).startswith("study.toml")
    assert complaint in str(refused.value)


def edited(tmp_path: Path, old: str, new: str) -> str:
    """Write a copy of a study with a mistake; give its path."""
    text = (STUDIES / "fsdd-cnn-rnn.toml").read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1))
    return str(path)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("title =", "title", "cannot read the settings in "),
        ("batch_size", "batchsize", "mine.toml: run cnn-10: unknown setting 'batchsize'"),
        ("epochs = 10", 'epochs = "ten"', "mine.toml: run cnn-10: epochs: expected int, got 'ten'"),
        ("epochs = 10", "epochs = 0", "mine.toml: run cnn-10: epochs must be at least 1, got 0"),
        ('model = "fsdd-cnn"', 'model = "resnet"', "unknown model 'resnet': expected one of"),
        ('"constant"', '"linear"', "mine.toml: run cnn-10: schedule"),
        ("epochs = 10", "options = { units = 3 }", "fsdd-cnn has no option 'units'"),
        ("epochs = 10", "frontend = { mels = 3 }", "frontend: unknown setting 'mels'"),
        ('"fsdd-lstm"', '"ctc-gru"', "mine.toml: run lstm-10 transcribes and run cnn-10 classifies"),
    ],
)
def test_wrong_setting_shows_before_any_training(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_study(edited(tmp_path, old, new))
    assert complaint in str(refused.value)


@pytest.mark.parametrize("name", ["nonsense", "", "../spec", "ctc.tom"])
def test_unknown_study_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_study(name)
    assert str(refused.value) == f"unknown study {name!r}: expected one of {', '.join(study_names())}, or a .toml file"


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere.toml"):
        load_study(str(tmp_path / "nowhere.toml"))
