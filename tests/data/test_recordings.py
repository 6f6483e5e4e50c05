"""One's own recordings."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.data.recordings import own_recordings
from edgeasr.errors import DataError


def test_own_recordings_are_the_audio_files_of_a_folder(tmp_path: Path) -> None:
    write_wav(tmp_path / "b.wav", Clip(np.zeros(1600, np.float32), 16000))
    write_wav(tmp_path / "a.WAV", Clip(np.zeros(1600, np.float32), 16000))
    (tmp_path / ".hidden.wav").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not audio")
    examples = own_recordings(str(tmp_path), "robin")
    assert [(example.id, example.label, example.split) for example in examples] == [
        ("a.WAV", "robin", "train"),
        ("b.wav", "robin", "train"),
    ]


def test_own_recordings_without_audio_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no audio in it: add recordings of 'robin'"):
        own_recordings(str(tmp_path), "robin")
    with pytest.raises(DataError, match="no such folder"):
        own_recordings(str(tmp_path / "absent"), "robin")
