"""The files of onnxruntime-web that a page needs, fetched once into the user's cache."""

import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

from edgeasr.atomic import replacing
from edgeasr.data.download import cache_folder, fetch
from edgeasr.errors import DataError, TargetError

__all__ = ["FILES", "VERSION", "web_runtime"]

VERSION = "1.30.0"
FILES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")

_URL = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"
_CHECKSUM = (  # the integrity that the registry gives, in hexadecimal
    "sha512:ab4cbe26baedba45d2cec05610c71c55fa97db92d19a8b171c5f8269126683ca"
    "590a5cdc57bb2f35ce2b298de32f4d956fb42644c0ecd528a0a91e025c07ca61"
)
_OVERRIDE = "EDGEASR_ONNXRUNTIME_WEB"


def web_runtime() -> Mapping[str, Path]:
    """Give the files by their names.

    The package comes from the registry of npm, or is the folder that EDGEASR_ONNXRUNTIME_WEB names, such as
    `node_modules/onnxruntime-web`.

    Raises:
        TargetError: it cannot be fetched, or is not there.
    """
    given = os.environ.get(_OVERRIDE)
    folder = Path(given) / "dist" if given else _fetched()
    files = {name: folder / name for name in FILES}
    if missing := [name for name, path in files.items() if not path.is_file()]:
        raise TargetError(f"{folder}: expected {missing[0]}, as the npm package onnxruntime-web {VERSION} has it")
    return files


def _fetched() -> Path:
    folder = cache_folder() / f"onnxruntime-web-{VERSION}"
    if folder.is_dir():
        return folder
    try:
        archive = fetch(_URL, folder.with_name(f"{folder.name}.tgz"), _CHECKSUM)
        with tarfile.open(archive) as tar, replacing(folder) as scratch:
            scratch.mkdir()
            for name in FILES:
                member = tar.extractfile(f"package/dist/{name}")
                assert member is not None  # the checksum is that of an archive that has it
                (scratch / name).write_bytes(member.read())
    except (DataError, OSError) as error:
        raise TargetError(
            f"onnxruntime-web is not here ({error}); or unpack that npm package and name its folder in {_OVERRIDE}"
        ) from error
    archive.unlink()
    return folder
