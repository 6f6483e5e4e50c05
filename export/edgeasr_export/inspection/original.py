"""The float file that an artefact is compared with."""

import shutil
from collections.abc import Callable
from pathlib import Path

from edgeasr.bundle import Bundle
from edgeasr.errors import ExportError
from edgeasr.runtime import load
from edgeasr_export.export import export_bundle
from edgeasr_export.settings import ExportSettings

__all__ = ["find_original"]


def find_original(artefact: Path, bundle: Bundle, scratch: Path, notify: Callable[[str], None]) -> Path:
    """Give the float32 file of the same format and form: the bundle's, or one that is exported for this time.

    Args:
        artefact: a `.tflite` or `.onnx` file.
        bundle: of the model that it was made from; it stays as it is.
        scratch: folder for what is exported.
        notify: told that it is.

    Raises:
        ExportError: the artefact is of another model, or the original cannot be exported.
    """
    card = load(artefact).card
    if card is None or card.model_sha256 != bundle.manifest.model_sha256:
        raise ExportError(f"{artefact} was made from another model than that of {bundle.path}: pass its own bundle")
    format, stepping = artefact.suffix.removeprefix("."), card.stepping
    for item in bundle.manifest.artefacts:
        path = bundle.path / item.name
        if (item.format, item.scheme) == (format, "float32") and load(path).stepping == stepping:
            return path
    options = f"--float32 --format {format}{' --streaming' if stepping else ''}"
    notify(f"exporting the float original: `edgeasr export {bundle.path} {options}` keeps one")
    copy = scratch / "original"
    shutil.copytree(bundle.path, copy)
    settings = ExportSettings(streaming=stepping is not None)
    made = export_bundle(Bundle.open(copy), ["float32"], [format], settings)
    return copy / made.manifest.artefacts[-1].name
