"""Manifests: a `manifest.csv` that says of each clip of a data set what it is."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import get_args

from edgeasr.data.dataset import Split
from edgeasr.data.files import File, find_file
from edgeasr.errors import DataError

__all__ = ["Row", "read_manifest"]

_NAME = "manifest.csv"


@dataclass(frozen=True)
class Row:
    """What a manifest says of one clip.

    Attributes:
        where: the line of the manifest, for messages.
        cells: its cells by column.
        file: the clip.
    """

    where: str
    cells: Mapping[str, str]
    file: File

    def split(self) -> Split:
        """Give the cell of the column `split`.

        Raises:
            DataError: there is another word in it.
        """
        split: Split
        for split in get_args(Split):
            if split == self.cells["split"]:
                return split
        raise DataError(f"{self.where}: expected the split train, dev or test, got {self.cells['split']!r}")


def read_manifest(files: Mapping[str, File], path: str, columns: Collection[str]) -> list[Row] | None:
    """Read the `manifest.csv` (UTF-8, a header, commas) at the top of a data set or one level below.

    Args:
        files: the data set.
        path: where it lies, for messages.
        columns: those that there must be beside `path`, the clip's name from the manifest's own folder.

    Returns:
        One row a clip, in the manifest's order; None where there is no manifest.

    Raises:
        DataError: a column or a clip is missing, a clip is listed twice, or a line is damaged; the message names
            the manifest and the line.
    """
    name = find_file(files, _NAME, path)
    if name is None:
        return None
    manifest = files[name]
    reader = csv.DictReader(io.StringIO(manifest.text(), newline=""), strict=True)
    try:
        there = reader.fieldnames or ()
        missing = [column for column in ("path", *columns) if column not in there]
        if missing:
            raise DataError(f"{manifest.where}: expected the columns {', '.join(missing)}, got {', '.join(there)}")
        rows = list(_rows(reader, manifest.where, files, PurePosixPath(name).parent))
    except csv.Error as error:
        raise DataError(f"{manifest.where}: expected CSV after line {reader.line_num} ({error})") from error
    if not rows:
        raise DataError(f"{manifest.where}: expected clips, got none: copy the data set again")
    return rows


def _rows(
    reader: "csv.DictReader[str]", manifest: str, files: Mapping[str, File], folder: PurePosixPath
) -> Iterator[Row]:
    seen = set()
    for cells in reader:
        where = f"{manifest}: line {reader.line_num}"
        if None in cells or None in cells.values():  # what DictReader makes of too many and of too few
            raise DataError(f"{where}: expected {len(reader.fieldnames or ())} cells: quote cells that have commas")
        name = str(folder / cells["path"])
        if name not in files:
            raise DataError(f"{where}: no such file as {cells['path']!r}: copy the data set again or delete the line")
        if name in seen:
            raise DataError(f"{where}: {cells['path']} is listed twice: delete one of the lines")
        seen.add(name)
        yield Row(where, cells, files[name])
