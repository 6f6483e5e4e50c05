"""The built-in model: ten spoken digits to try the tools with."""

import shutil
from pathlib import Path

from edgeasr.atomic import replacing
from edgeasr.bundle import Bundle
from edgeasr.errors import BundleError

__all__ = ["BUILTIN", "copy_builtin"]

BUILTIN = Path(__file__).parent / "assets" / "digits"


def copy_builtin(path: Path) -> Bundle:
    """Put the built-in bundle at `path`, where artefacts can be added to it; keep it if it stands there already.

    Raises:
        BundleError: something else stands at `path`.
    """
    original = Bundle.open(BUILTIN)
    if path.exists():
        existing = Bundle.open(path)
        if existing.manifest.model_sha256 != original.manifest.model_sha256:
            raise BundleError(f"{path}: holds another model than the built-in one: choose another --out")
        return existing
    with replacing(path) as scratch:
        scratch.mkdir()
        for file in BUILTIN.iterdir():
            shutil.copyfile(file, scratch / file.name)
    return Bundle.open(path)
