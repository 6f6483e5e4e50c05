"""LibriSpeech: read books with their transcripts, 16 kHz."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from edgeasr.data.dataset import Dataset, Example, Split
from edgeasr.data.download import fetch_folder
from edgeasr.data.files import File, empty_folders, find_local, list_files
from edgeasr.data.split import split_of
from edgeasr.errors import DataError

__all__ = ["LICENCE", "MD5", "URL", "load"]

URL = "https://www.openslr.org/resources/12"
LICENCE = (
    "LibriSpeech by V. Panayotov, G. Chen, D. Povey and S. Khudanpur, https://www.openslr.org/12, CC BY 4.0; "
    "from LibriVox recordings, public domain"
)

# As md5sum.txt beside the archives has them.
MD5 = {
    "dev-clean": "42e2234ba48799c1f50f24a7926300a1",
    "dev-other": "c8d0bcc9cca99d4f8b62fcc847357931",
    "test-clean": "32fa31d27d2e1cad72775fee3f4849a9",
    "test-other": "fb5a50374b501bb3bac4815ee91d3135",
    "train-clean-100": "2a93770f6d5c6c964bc36631d331a522",
}

_DEFAULT = "dev-clean"  # what the notebook was trained on (seed D)
_LAYOUT = "{train,dev,test}-*/SPEAKER/CHAPTER/SPEAKER-CHAPTER-NUMBER.flac and SPEAKER-CHAPTER.trans.txt"
_FOLDER = r"(?P<kind>train|dev|test)-[^/]+/(?P<speaker>\d+)/(?P<chapter>\d+)/(?P=speaker)-(?P=chapter)"
_CLIP, _TEXTS = re.compile(_FOLDER + r"-\d+\.flac"), re.compile(_FOLDER + r"\.trans\.txt")


def load(path: str | None) -> Dataset:
    """Load the subsets of LibriSpeech that are there: train-* train, dev-* dev, test-* test; texts in lower case.

    Where there are only train-* or only dev-* subsets, as the notebook of seed D had dev-clean alone, they are divided
    by speaker (`split_of`).

    Args:
        path: the folder `LibriSpeech`, the one above it or one subset of it, or a zip of these; or the name of a subset
            of `MD5`, which is downloaded once into the user's cache folder. None takes the folder `LibriSpeech` from
            the folder that the environment variable EDGEASR_DATA names, if it is there, and otherwise dev-clean.

    Raises:
        DataError: it is not there or has another layout, a clip has no text or a text no clip, or the download fails.
    """
    path = path or find_local("LibriSpeech") or _DEFAULT
    if path in MD5 and not Path(path).exists():
        url, name = f"{URL}/{path}.tar.gz", f"librispeech-{path}"
        path = str(fetch_folder("librispeech", url, name, f"md5:{MD5[path]}") / "LibriSpeech" / path)
    files = _by_subset(path)
    texts = {name: text for folder in files if _TEXTS.fullmatch(folder) for name, text in _texts(files, folder)}
    clips = [found for name in files if (found := _CLIP.fullmatch(name))]
    _check_whole(path, files, clips, texts)
    kinds = {found["kind"] for found in clips}
    divided = kinds in ({"train"}, {"dev"})

    def example(found: re.Match[str]) -> Example:
        split = split_of(found["speaker"]) if divided else cast(Split, found["kind"])
        return Example(found[0], texts[found[0]], found["speaker"], split, files[found[0]].clip)

    return Dataset("librispeech", (), tuple(map(example, clips)), LICENCE)


def _by_subset(path: str) -> dict[str, File]:
    """List the files by the last four parts of their names, SUBSET/SPEAKER/CHAPTER/FILE, wherever `path` begins."""
    expected = f"the folder LibriSpeech, a subset of it, or the name of one to download ({', '.join(MD5)})"
    above = Path(path).resolve().name
    return {"/".join([above, *name.split("/")][-4:]): file for name, file in list_files(path, expected).items()}


def _texts(files: Mapping[str, File], name: str) -> Iterator[tuple[str, str]]:
    """Read the lines `ID TEXT` of a `.trans.txt`: clip and text."""
    folder = name.rpartition("/")[0]
    for line in files[name].text().splitlines():
        key, _, text = line.partition(" ")
        if f"{folder}/{key}.flac" not in files:
            raise DataError(f"{files[name].where}: names {key}.flac, which is not there: unpack the archive again")
        if not text.strip():
            raise DataError(f"{files[name].where}: no text for {key}.flac: unpack the archive again")
        yield f"{folder}/{key}.flac", text.lower()


def _check_whole(
    path: str, files: Mapping[str, File], clips: Sequence[re.Match[str]], texts: Mapping[str, str]
) -> None:
    if not clips:
        raise DataError(f"{path}: no speech of LibriSpeech in it: expected {_LAYOUT}")
    for found in clips:
        if found[0] not in texts:
            raise DataError(
                f"{files[found[0]].where}: expected its text in {found['speaker']}-{found['chapter']}.trans.txt "
                "beside it, got none: unpack the archive again"
            )
    for folder in empty_folders(path):
        if folder.name.isdecimal():
            raise DataError(f"{folder}: expected a speaker or chapter, got an empty folder: unpack the archive again")
