"""What a spotter is trained with and measured on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.config import from_mapping
from edgeasr.data.dataset import Example
from edgeasr.errors import DataError
from edgeasr.train.config import TrainConfig
from edgeasr.train.keywords import Keywords, is_background
from edgeasr.train.wake import WakeConfig

_RATE_HZ = 16000


def _record(root: Path, labels: tuple[str, ...], sayings: int) -> str:
    """Write a folder in which each label is said so many times in every split; give its data set."""
    rng = np.random.default_rng(0)
    for split in ("train", "dev", "test"):
        for label in labels:
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(sayings):
                noise = rng.standard_normal(_RATE_HZ // 2).astype(np.float32)
                write_wav(folder / f"{number}.wav", Clip(0.1 * noise, _RATE_HZ))
    return f"folder:{root}"


def _example(said: str | None) -> Example:
    return Example("a.wav", said, "somebody", "train", lambda: Clip(np.zeros(1, np.float32), _RATE_HZ))


def _keywords(words: list[str], *data: str, report: Callable[[str], None] = print) -> Keywords:
    config = from_mapping(TrainConfig, {"model": "wake-cnn", "data": list(data)}, "test")
    return Keywords(config, WakeConfig(tuple(words)), _RATE_HZ, report)


def test_stream_has_the_keywords_and_the_other_words_without_names(tmp_path: Path) -> None:
    stream = _keywords(["yes"], _record(tmp_path, ("yes", "no"), 3)).stream("dev")
    assert [word.label for word in stream.words] == ["yes"] * 3
    assert stream.clip.duration_s > 6 * (0.5 + 1.5)  # the others are heard all the same
    looped = _keywords(["yes"], f"folder:{tmp_path}").stream("dev", keyword_loops=2)
    assert len(looped.words) == 6


def test_stream_where_everything_is_a_keyword_is_made(tmp_path: Path) -> None:
    stream = _keywords(["yes", "no"], _record(tmp_path, ("yes", "no"), 2)).stream("test")
    assert sorted(word.label for word in stream.words) == ["no", "no", "yes", "yes"]


def test_stream_says_a_keyword_as_the_first_data_set_does(tmp_path: Path) -> None:
    first, second = (_record(tmp_path / name, ("yes", "no"), count) for name, count in (("first", 2), ("second", 5)))
    assert len(_keywords(["yes"], first, second).stream("dev").words) == 2


def test_sources_draw_from_each_data_set_as_often(tmp_path: Path) -> None:
    first, second = (_record(tmp_path / name, ("yes", "no"), count) for name, count in (("first", 2), ("second", 5)))
    sources = _keywords(["yes"], first, second).sources()
    assert [len(group) for group in sources.keywords[0]] == [2, 5]
    assert [len(bank) for bank in sources.others] == [2 * _RATE_HZ // 2, 5 * _RATE_HZ // 2]


def test_transcripts_with_a_keyword_are_no_background(tmp_path: Path) -> None:
    _record(tmp_path / "words", ("yes", "no"), 1)
    write_wav(tmp_path / "a.wav", Clip(np.ones(8000, np.float32) / 2, _RATE_HZ))
    write_wav(tmp_path / "b.wav", Clip(np.ones(8000, np.float32) / 2, _RATE_HZ))
    (tmp_path / "manifest.csv").write_text("path,text,split\na.wav,he said yes twice,train\nb.wav,yesterday,train\n")
    sources = _keywords(["yes"], f"folder:{tmp_path}/words", f"transcripts:{tmp_path}").sources()
    assert [len(bank) for bank in sources.others] == [8000, 8000]  # "no", and "yesterday"


@given(
    keyword=st.sampled_from(["yes", "hey Robin", "don't"]),
    before=st.sampled_from(["", "he said ", "“", "no-", "..."]),
    after=st.sampled_from(["", "!", ", again", "'s", "’s house", "”", "-man", " again"]),
    shouted=st.booleans(),
)
def test_transcript_that_says_a_keyword_is_no_background(keyword: str, before: str, after: str, shouted: bool) -> None:
    said = f"{before}{keyword.upper() if shouted else keyword}{after}"
    assert not is_background(_example(said), ["computer", keyword])


@pytest.mark.parametrize("said", ["yesterday", "eyes, ayes", "Robin, hey!", "they, Robin", "...", "", None])
def test_what_says_no_keyword_is_background(said: str | None) -> None:
    assert is_background(_example(said), ["yes", "hey Robin"])


def test_silence_is_neither_keyword_nor_background() -> None:
    assert not is_background(_example("silence"), ["yes"])


def test_keyword_with_capitals_is_no_background_of_itself(tmp_path: Path) -> None:
    keywords = _keywords(["Hey Robin"], _record(tmp_path, ("Hey Robin", "no"), 2))
    sources = keywords.sources()
    assert [len(group) for group in sources.keywords[0]] == [2]
    assert [len(bank) for bank in sources.others] == [_RATE_HZ]  # "no", twice


def test_keyword_that_nobody_says_in_a_split_is_told(tmp_path: Path) -> None:
    _record(tmp_path, ("yes", "no"), 1)
    (tmp_path / "dev" / "yes" / "0.wav").unlink()
    (tmp_path / "dev" / "yes").rmdir()
    with pytest.raises(DataError, match="no keyword is said in the split 'dev'"):
        _keywords(["yes"], f"folder:{tmp_path}").stream("dev")


def test_what_is_read_is_told_before_it_is(tmp_path: Path) -> None:
    lines: list[str] = []
    keywords = _keywords(["yes"], _record(tmp_path, ("yes", "no"), 2), report=lines.append)
    assert not lines
    keywords.sources()
    keywords.stream("dev")
    assert lines == [
        "folder: saying 'yes' 2 times, in 2 voices ...",
        "folder: saying 2 other things ...",
        "making the dev stream: 2 keywords in 2 voices, and what is none ...",
    ]
