"""Synthetic speech by espeak-ng: any words, hundreds of voices, no network and no data set."""

import _ctypes
import atexit
import ctypes
import hashlib
import itertools
import re
import shutil
import tempfile
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from random import Random

from edgeasr.audio.clip import Clip
from edgeasr.audio.pcm import from_bytes
from edgeasr.data.dataset import Dataset, Example
from edgeasr.data.fsdd import DIGITS
from edgeasr.data.split import split_of
from edgeasr.errors import DataError
from edgeasr.packages import require

__all__ = ["BACKGROUND_WORDS", "accents", "load", "phonemes", "say", "speak_words", "variants"]

VOICES_PER_WORD = 120
_BACKGROUND_SHARE = 0.5

BACKGROUND_WORDS = (
    "apple", "because", "bed", "bird", "black", "bottle", "cat", "coffee", "dog", "door", "down", "flower",
    "garden", "go", "good", "happy", "hello", "house", "later", "left", "light", "maybe", "morning", "music",
    "no", "off", "on", "open", "people", "please", "right", "river", "stop", "table", "thank you", "tree",
    "up", "water", "window", "yes",
)  # fmt: skip

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS, _DO_NOT_EXIT, _UTF8, _PHONEMES = 2, 0x8000, 1, 0x100
_RATE, _PITCH, _RANGE = 1, 3, 4
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)

_LOCK = threading.Lock()  # espeak-ng keeps its state in globals


def load(path: str | None) -> Dataset:
    """Load the ten digits, or the words that `path` lists, each spoken by `VOICES_PER_WORD` voices.

    Args:
        path: words with commas between (`yes,no,turn on`), a text file with one word or phrase a line, or
            None.

    Raises:
        DataError: the list is unusable.
        MissingPackageError: espeakng-loader is not installed.
    """
    if path is None:
        return speak_words(DIGITS)
    if Path(path).is_file():
        try:
            words = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: expected a text file with one word a line ({error})") from error
    elif "/" in path or path.endswith(".txt"):
        raise DataError(f"{path}: no such file: expected a text file with one word a line, or words as yes,no,stop")
    else:
        words = path.split(",")
        if not all(word.strip() for word in words):
            raise DataError(f"synthetic speech: {path!r} has an empty word: expected words as yes,no,stop")
    return speak_words([" ".join(word.lower().split()) for word in words if word.strip()])


def speak_words(words: Sequence[str], voices_per_word: int = VOICES_PER_WORD) -> Dataset:
    """Make a data set of spoken words: always the same sound for the same words.

    A voice, which is an accent and a variant such as `en-us+f3`, is in one split only. Voices, speed and
    pitch are drawn for each word alone, so that other words beside it change nothing. For every two
    clips there is one more of other words, one or two of them, with no label.

    Args:
        words: the labels, in order.
        voices_per_word: clips of each word, as many of each accent.

    Raises:
        DataError: fewer than two words, one twice, or one that cannot be spoken.
        MissingPackageError: espeakng-loader is not installed.
    """
    if len(words) < 2:
        raise DataError(
            f"synthetic speech: expected at least two words to tell apart, got {', '.join(words) or 'none'}"
        )
    for position, word in enumerate(words):
        if not re.search(r"[^\W_]", word):
            raise DataError(f"synthetic speech: expected words, got {word!r}")
        foreign = next((one for one in word if one.isalpha() and "LATIN" not in unicodedata.name(one, "")), None)
        if foreign:  # which English voices spell: "Chinese letter"
            raise DataError(f"synthetic speech: expected Latin letters, got {foreign!r} in {word!r}: write it in these")
        if word in words[:position]:
            raise DataError(f"synthetic speech: {word!r} is listed twice: expected each word once")
    most = len(accents()) * len(variants())
    if not 0 < voices_per_word <= most:
        raise DataError(f"synthetic speech: expected 1 to {most} voices a word, got {voices_per_word}")
    examples = [example for word in words for example in _examples(word, word, voices_per_word)]
    others = [word for word in BACKGROUND_WORDS if word not in words]
    others += [f"{word} {follower}" for word, follower in itertools.pairwise(others)]
    count = round(len(examples) * _BACKGROUND_SHARE)
    turns = [list(_examples(word, None, min(most, -(-count // len(others))))) for word in others]
    examples += [example for turn in zip(*turns, strict=True) for example in turn][:count]
    return Dataset("synthetic", tuple(words), tuple(examples), "synthetic speech by espeak-ng, no recordings")


def say(text: str, voice: str = "en-us", words_per_minute: int = 175, pitch: int = 50, pitch_range: int = 50) -> Clip:
    """Speak a text: always the same samples for the same arguments.

    Args:
        text: what to say, in English, or phonemes: `[[h|'eI r|'0|b|I|n]]`.
        voice: an accent, or an accent and a variant: `en-us`, `en-gb-scotland+f3`.
        words_per_minute: speed, 80 to 450.
        pitch: 0 to 99, of the voice's own.
        pitch_range: 0 (monotone) to 99.

    Returns:
        The sound, at espeak-ng's own rate (22050 Hz).

    Raises:
        DataError: there is no such voice, or espeak-ng fails.
        MissingPackageError: espeakng-loader is not installed.

    Example:
        >>> say("seven", "en-us+f3").sample_rate_hz  # doctest: +SKIP
        22050
    """
    accent, plus, variant = voice.partition("+")
    if accent not in accents() or (plus and variant not in variants()):  # espeak-ng would take another in silence
        raise DataError(f"no voice {voice!r}: expected one of {', '.join(accents())}, alone or as in en-us+f3")
    with _LOCK:
        return _synthesise(text, voice, {_RATE: words_per_minute, _PITCH: pitch, _RANGE: pitch_range})


def phonemes(text: str, accent: str = "en-us") -> list[list[str]]:
    """Give the phonemes of a text, word by word, by espeak-ng's names: `[["h", "'eI"], ["r", "'0", "b", "I", "n"]]`.

    Raises:
        DataError: there is no such accent.
        MissingPackageError: espeakng-loader is not installed.
    """
    if accent not in accents():
        raise DataError(f"no accent {accent!r}: expected one of {', '.join(accents())}")
    with _LOCK, _fresh_library() as (library, _):
        library.espeak_SetVoiceByName(accent.encode())
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        data = ctypes.create_string_buffer(text.encode())
        rest = ctypes.c_void_p(ctypes.addressof(data))
        clauses = []
        while rest.value:
            clauses.append(library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, ord("_") << 8).decode())
    return [word.split("_") for clause in clauses for word in clause.split()]


@cache
def accents() -> tuple[str, ...]:
    """List the English accents that espeak-ng has."""
    names = (path.name for path in (_data_folder() / "lang" / "gmw").glob("en*"))
    return tuple(sorted(name.lower() for name in names if name != "en-Shaw"))  # this one reads the Shavian alphabet


@cache
def variants() -> tuple[str, ...]:
    """List the variants, each another throat, that every accent can be spoken with."""
    return tuple(sorted(path.name for path in (_data_folder() / "voices" / "!v").iterdir()))


def _examples(word: str, label: str | None, count: int) -> Iterator[Example]:
    for voice in _cast(word)[:count]:
        chance = Random(f"{word} {voice}").uniform  # seeded by the text, which is the same in every process
        speed, pitch, pitch_range = int(chance(130, 220)), int(chance(20, 80)), int(chance(30, 80))
        read = partial(say, word, voice, speed, pitch, pitch_range)
        yield Example(f"{word}/{voice}", label, voice, split_of(voice), read)


def _cast(word: str) -> list[str]:
    """Put all voices in this word's own order, in which every accent has its turn before one has a second."""

    def order(name: str) -> bytes:
        return hashlib.sha256(f"{word} {name}".encode()).digest()

    turns = [sorted((f"{accent}+{variant}" for variant in variants()), key=order) for accent in accents()]
    return [voice for turn in zip(*sorted(turns, key=lambda turn: order(turn[0])), strict=True) for voice in turn]


def _data_folder() -> Path:
    loader = require("espeakng_loader", "train", "synthetic speech")
    try:
        return Path(loader.get_data_path())
    except RuntimeError as error:
        raise DataError(f"espeak-ng has no data ({error}): reinstall espeakng-loader") from error


@cache
def _own_library() -> Path:
    """Copy the library to a place of our own, until the process ends.

    A library that anything else in the process holds open, such as another user of espeak-ng, is not loaded afresh.
    """
    loader = require("espeakng_loader", "train", "synthetic speech")
    folder = tempfile.mkdtemp(prefix="edgeasr.")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        return Path(shutil.copy(loader.get_library_path(), folder))
    except (OSError, RuntimeError) as error:
        raise DataError(f"espeak-ng cannot be loaded ({error}): reinstall espeakng-loader") from error


def _synthesise(text: str, voice: str, parameters: dict[int, int]) -> Clip:
    pieces: list[bytes] = []

    def keep(samples: int | None, count: int, events: int | None) -> int:
        if samples and count:
            pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    with _fresh_library() as (library, sample_rate_hz):
        callback = _CALLBACK(keep)
        library.espeak_SetSynthCallback(callback)
        library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # otherwise seeded by the clock
        ctypes.CDLL(None).srand(1)  # some voices draw from the C library's generator
        failed = library.espeak_SetVoiceByName(voice.encode())
        for parameter, value in parameters.items():
            failed |= library.espeak_SetParameter(parameter, value, 0)
        data = text.encode()
        flags = _UTF8 | (_PHONEMES if text.startswith("[[") else 0)
        failed |= library.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 0, 0, flags, None, None)
    samples = from_bytes(b"".join(pieces), 2)
    if failed or not samples.any():
        raise DataError(f"espeak-ng cannot say {text!r} as {voice} (status {failed}): try another text")
    return Clip(samples, sample_rate_hz)


@contextmanager
def _fresh_library() -> Iterator[tuple[ctypes.CDLL, int]]:
    """Give a copy of the library loaded for one text, and its sample rate.

    Its static variables (noise generators, filter memories, phases) outlive even `espeak_Terminate`, and
    would make the sound depend on what was said before; a fresh copy costs 2 ms.
    """
    data_folder = _data_folder()
    try:
        library = ctypes.CDLL(str(_own_library()))
    except OSError as error:
        raise DataError(f"espeak-ng cannot be loaded ({error}): reinstall espeakng-loader") from error
    try:
        sample_rate_hz = library.espeak_Initialize(_SYNCHRONOUS, 0, str(data_folder).encode(), _DO_NOT_EXIT)
        if sample_rate_hz <= 0:
            raise DataError(f"espeak-ng cannot read its data in {data_folder}: reinstall espeakng-loader")
        yield library, sample_rate_hz
        library.espeak_Terminate()
    finally:
        _ctypes.dlclose(library._handle)
