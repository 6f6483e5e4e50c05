"""A word or phrase that nobody recorded, in many synthetic voices, and what sounds near to it."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from random import Random

from edgeasr.data import flite
from edgeasr.data.dataset import Dataset, Example, Split
from edgeasr.data.split import split_of
from edgeasr.data.synthetic import BACKGROUND_WORDS, accents, phonemes, say, variants
from edgeasr.errors import DataError

__all__ = ["load", "neighbour", "neighbours", "spoken_form"]

_SAYINGS, _NEIGHBOURS, _SENTENCES = 700, 400, 400
_FLITE_SAYINGS = 560
_SENTENCE_WORDS = 12
_LONGEST = 60  # characters
_ENDINGS = ("", ".", "!", "?", ",")  # each with a melody of its own

# Phonemes of espeak-ng's English that are of one kind; another of the same kind takes their place in a neighbour.
_KINDS = (
    ("p", "b", "t", "d", "k", "g"),
    ("f", "v", "s", "z", "S", "Z", "T", "D", "h", "tS", "dZ"),
    ("m", "n", "N"),
    ("l", "r", "w", "j"),
    ("I", "E", "a", "V", "0", "U", "i:", "u:", "A:", "O:", "3:", "eI", "aI", "oU", "aU", "OI"),
)
_VOWELS = frozenset("aeiouAEIOUV03@")
_CHANGED = (0.35, 0.7)  # share of the phonemes of a neighbour that are others


def load(path: str | None) -> Dataset:
    """Say a phrase in many voices, and in others what sounds near to it, and sentences.

    Voices are those of espeak-ng and, where it is installed, of flite. Each voice is in one split only; what sounds
    near to the phrase is all in the training split, because speech has little of it. The same phrase gives the same
    sound.

    Args:
        path: the phrase.

    Raises:
        DataError: `spoken_form` refuses the phrase, or it has fewer than three phonemes.
        MissingPackageError: espeakng-loader is not installed.
    """
    phrase = spoken_form(path or "")
    count = sum(map(len, phonemes(phrase)))
    if count < 3:
        raise DataError(
            f"{phrase!r} has {count} phoneme{'s' * (count != 1)}, expected at least 3: "
            "choose a longer phrase, what is as short as this is in every second sentence"
        )
    near = list(neighbours(phrase, _NEIGHBOURS))
    sentences = [_sentence(phrase, number) for number in range(_SENTENCES)]
    trained = [voice for voice in _cast("near", 2 * _NEIGHBOURS) if split_of(voice) == "train"][:_NEIGHBOURS]
    spoken = _cast("sentence", _SENTENCES)
    examples = [*_said(phrase), *_others(near, "near", trained), *_others(sentences, "sentence", spoken)]
    return Dataset("phrase", (phrase,), tuple(examples), "synthetic speech by espeak-ng and flite, no recordings")


def spoken_form(text: str) -> str:
    """Give a phrase as it is spoken and as its label has it: small letters, without punctuation.

    Only letters are left, because the two synthesisers read digits and letters with accents each in its own way.

    Raises:
        DataError: nothing is left, it is too long, or it has what is no letter from a to z.
    """
    phrase = " ".join(re.sub(r"[.,!?;:\"]", " ", text.lower().replace("’", "'")).split()).strip("'- ")
    if not phrase:
        raise DataError("expected a word or phrase to listen for, got nothing: name one, such as hey robin")
    if len(phrase) > _LONGEST:
        raise DataError(f"expected a phrase of at most {_LONGEST} characters, got {len(phrase)}: choose a shorter one")
    other = re.search(r"[^a-z' -]", phrase)
    if other:
        raise DataError(
            f"expected a phrase of letters from a to z, got {other[0]!r} in {phrase!r}: "
            "write it as English would, numbers as words (forty two)"
        )
    return phrase


def neighbours(phrase: str, count: int) -> Iterator[str]:
    """Give so many texts that sound near to a phrase, as phonemes for `synthetic.say`."""
    words = phonemes(phrase)
    for number in range(count):
        yield neighbour(words, Random(f"{phrase} {number}"))


def neighbour(words: list[list[str]], rng: Random) -> str:
    """Replace some phonemes of a phrase, at least one consonant and in all a third or more, by others of their kinds.

    So few that it is as long as the phrase and has its rhythm, so many that nobody would take it for the phrase.

    Args:
        words: from `synthetic.phonemes`.
        rng: source of all chance.

    Returns:
        The phonemes, as `synthetic.say` takes them.
    """
    changed = [list(word) for word in words]
    places = [(word, place) for word, one in enumerate(words) for place in range(len(one))]
    consonants = [(word, place) for word, place in places if not _is_vowel(words[word][place])]
    least, most = (max(2, round(share * len(places))) for share in _CHANGED)
    chosen = set(rng.sample(places, min(len(places), rng.randint(least, most))))
    if consonants and not chosen & set(consonants):
        chosen.add(rng.choice(consonants))
    for word, place in sorted(chosen):
        changed[word][place] = _other(changed[word][place], rng)
    return "[[" + " ".join("|".join(word) for word in changed) + "]]"


def _other(phoneme: str, rng: Random) -> str:
    """Choose another phoneme of the same kind; stress stays."""
    stress = phoneme[: len(phoneme) - len(phoneme.lstrip("',"))]
    plain = phoneme.lstrip("',")
    kind = next((kind for kind in _KINDS if plain.rstrip("#2") in kind), None)
    if kind is None:
        kind = _KINDS[-1] if _is_vowel(phoneme) else _KINDS[0]
    return stress + rng.choice([one for one in kind if one != plain])


def _is_vowel(phoneme: str) -> bool:
    return phoneme.lstrip("',")[:1] in _VOWELS


def _sentence(phrase: str, number: int) -> str:
    """Make a sentence of common words and of words of the phrase, if it has several, never in their order."""
    rng = Random(f"sentence {phrase} {number}")
    parts = phrase.split()
    words = [*BACKGROUND_WORDS, *(parts if len(parts) > 1 else [])]
    words = [word for word in words if word != phrase]
    text = " ".join(rng.choice(words) for _ in range(_SENTENCE_WORDS))
    return text.replace(phrase, "")


def _said(phrase: str) -> Iterator[Example]:
    """Say the phrase in all kinds of voices."""
    for number, voice in enumerate(_cast(phrase, _SAYINGS)):
        rng = Random(f"{phrase} {voice}")
        text = phrase + rng.choice(_ENDINGS)
        read = partial(say, text, voice, rng.randint(110, 230), rng.randint(15, 85), rng.randint(20, 90))
        yield Example(f"{phrase}/{number}-{voice}", phrase, voice, split_of(voice), read)
    for number in range(_FLITE_SAYINGS if flite.voices() else 0):
        yield from _flite(phrase, phrase, number)


def _others(texts: list[str], kind: str, voices: Sequence[str]) -> Iterator[Example]:
    """Say what is not the phrase, so that no voice alone tells that it is."""
    for number, (text, voice) in enumerate(zip(texts, voices, strict=True)):
        rng = Random(f"{text} {voice}")
        read = partial(say, text, voice, rng.randint(110, 230), rng.randint(15, 85), rng.randint(20, 90))
        yield Example(f"{kind}/{number}-{voice}", None, voice, split_of(voice), read)
        if number % 3 == 0 and not text.startswith("[[") and flite.voices():
            yield from _flite(text, None, number)


def _flite(text: str, label: str | None, number: int) -> Iterator[Example]:
    """Give what one voice of flite says; the few that there are all train."""
    rng = Random(f"flite {text} {number}")
    voice = flite.voices()[number % len(flite.voices())]
    split: Split = "train"
    read = partial(flite.say, text, voice, rng.uniform(0.8, 1.4), rng.uniform(0.75, 1.5))
    yield Example(f"flite/{number}-{voice}-{label or text}", label, f"flite-{voice}", split, read)


def _cast(name: str, count: int) -> list[str]:
    """Draw so many voices, as many of each accent, none twice while there are others."""
    rng = Random(f"cast {name}")
    pool = [f"{accent}+{variant}" for accent in accents() for variant in variants()]
    voices: list[str] = []
    while len(voices) < count:
        voices += rng.sample(pool, len(pool))
    return voices[:count]
