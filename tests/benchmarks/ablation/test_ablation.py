"""The ablation: what was measured is kept, and what stands in the document."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgeasr import __version__
from edgeasr.builtin import copy_builtin
from edgeasr.bundle import Bundle
from edgeasr.config import to_mapping
from edgeasr.errors import DataError
from edgeasr_bench.ablation import measure, write_document
from edgeasr_bench.ablation.measure import CASES, ROWS, Ablation, Cell, key


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return copy_builtin(tmp_path / "digits")


def complete(bundle: Bundle) -> Ablation:
    return Ablation(
        model="ds-cnn",
        model_sha256=bundle.manifest.model_sha256,
        edgeasr=__version__,
        data=("fsdd:folder",),
        clips=300,
        measure="accuracy",
        score=0.98,
        epochs=1,
        cells={key(row, case): Cell(31.25, 0.9767, 0.5) for row in ROWS for case in CASES},
    )


def test_document_has_a_row_for_each_combination(bundle: Bundle) -> None:
    one = complete(bundle)
    last = key(ROWS[-1], CASES[0])
    one = replace(
        one, cells={name: cell for name, cell in one.cells.items() if name != last}, failures={last: "no data"}
    )
    text = write_document([one])
    assert "Float: accuracy 98.00 % of 300 clips." in text
    assert "## `ds-cnn` on fsdd\n" in text
    assert "| none | 31.2 dB, 97.67 %, p 0.5 | 31.2 dB, 97.67 %, p 0.5 | 31.2 dB, 97.67 %, p 0.5 |" in text
    assert f"| {', '.join(ROWS[-1])} | - | 31.2 dB" in text
    assert f"- {last}: no data" in text


def test_measure_takes_what_was_measured_of_the_same_bundle(bundle: Bundle, tmp_path: Path) -> None:
    one = complete(bundle)
    (tmp_path / "digits.json").write_text(json.dumps(to_mapping(one)))
    assert measure(bundle, tmp_path, epochs=1) == one


def test_measure_of_a_bundle_without_its_data_says_so(bundle: Bundle, tmp_path: Path) -> None:
    manifest = replace(bundle.manifest, training={**bundle.manifest.training, "data": ["fsdd:nowhere"]})
    (tmp_path / "digits.json").write_text(json.dumps(to_mapping(replace(complete(bundle), epochs=2))))
    with pytest.raises(DataError, match="nowhere"):
        measure(replace(bundle, manifest=manifest), tmp_path, epochs=1)
