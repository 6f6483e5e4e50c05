"""Sentences with their transcripts, listed in a manifest: your own, and two sets that are made like it."""

from edgeasr.data.dataset import Dataset, Example
from edgeasr.data.files import find_local, list_files
from edgeasr.data.manifest import Row, read_manifest
from edgeasr.data.split import split_of
from edgeasr.errors import DataError

__all__ = ["load", "load_coffee_orders", "load_read_speech"]

_LAYOUT = "expected a folder or zip of clips with a manifest.csv (path, text, and split or speaker)"


def load(path: str | None) -> Dataset:
    """Load a folder or zip of clips and the `manifest.csv` in it, at the top or one level below.

    Columns, in any order, others beside them: `path`, from the manifest's folder; `text` (or `text_auto`), kept as
    it is; `split`, train, dev or test; `speaker` (or `pseudo_speaker`). Without `split` the speaker decides
    (`split_of`).

    Raises:
        DataError: no path, another layout, a clip or a column missing, or a clip without text.
    """
    if path is None:
        raise DataError(f"transcripts needs a path, transcripts:PATH: {_LAYOUT}")
    return _load("transcripts", path, "", skip_empty=False)


def load_coffee_orders(path: str | None) -> Dataset:
    """Load 510 spoken coffee orders of 55 different words.

    Five more clips have no text, because the speaker left the grammar that the texts were found by, and are left out.

    Args:
        path: the folder or zip; None takes `coffee_orders.zip` from the folder that EDGEASR_DATA names.

    Raises:
        DataError: as `load`.
    """
    licence = (
        "coffee orders by Picovoice Inc., https://github.com/Picovoice/speech-to-intent-benchmark, Apache-2.0; "
        "texts found by machine"
    )
    path = path or _archive("coffee-orders", "coffee_orders.zip")
    return _load("coffee-orders", path, licence, skip_empty=True, own="coffeeDrink")


def load_read_speech(path: str | None) -> Dataset:
    """Load the 254 read sentences of LibriSpeech, LJ Speech and AN4 whose text is known: 211 train, 43 dev.

    301 more clips of the archive are there to count false accepts with and have no text; they are left out.

    Args:
        path: the folder or zip; None takes `read_speech.zip` from the folder that EDGEASR_DATA names.

    Raises:
        DataError: as `load`.
    """
    licence = (
        "LibriSpeech by V. Panayotov et al., https://www.openslr.org/12, CC BY 4.0; LJ Speech by Keith Ito, public "
        "domain; AN4 by Carnegie Mellon University, BSD-style"
    )
    path = path or _archive("read-speech", "read_speech.zip")
    return _load("read-speech", path, licence, skip_empty=True, own="set")


def _archive(dataset: str, name: str) -> str:
    path = find_local(name)
    if path is None:
        raise DataError(f"{dataset} is not downloaded: give {name} as {dataset}:PATH, or its folder as EDGEASR_DATA")
    return path


def _load(dataset: str, path: str, licence: str, skip_empty: bool, own: str = "path") -> Dataset:
    """Load a manifest; `own` is a column by which a published set is told from others."""
    rows = read_manifest(list_files(path, _LAYOUT.removeprefix("expected ")), path, ())
    if rows is None:
        raise DataError(f"{path}: no manifest.csv in it: {_LAYOUT}")
    there = rows[0].cells
    if own not in there:
        raise DataError(f"{path}: is not {dataset}, whose manifest.csv has a column {own}: load it as transcripts:PATH")
    text = next((column for column in ("text", "text_auto") if column in there), None)
    speaker = next((column for column in ("speaker", "pseudo_speaker") if column in there), None)
    if text is None or (speaker is None and "split" not in there):
        raise DataError(f"{path}: manifest.csv has only the columns {', '.join(there)}: {_LAYOUT}")
    empty = [row for row in rows if not row.cells[text].strip()]
    if empty and not skip_empty:
        raise DataError(f"{empty[0].where}: {empty[0].cells['path']} has no text: add it or delete the line")
    examples = (_example(row, text, speaker) for row in rows if row.cells[text].strip())
    return Dataset(dataset, (), tuple(examples), licence)


def _example(row: Row, text: str, speaker: str | None) -> Example:
    name = row.cells[speaker] if speaker else ""
    if "split" not in row.cells and not name:
        raise DataError(f"{row.where}: {row.cells['path']} has no speaker, who decides the split: add one")
    split = row.split() if "split" in row.cells else split_of(name)
    return Example(row.cells["path"], row.cells[text], name, split, row.file.clip)
