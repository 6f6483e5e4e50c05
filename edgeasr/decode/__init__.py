"""CTC scores in, words out: transcripts, greedy decoding, beam search and its language model.

NumPy only, because it runs on the device. The packages usually taken cannot be installed beside ours: pyctcdecode 0.5
wants NumPy below 2, and kenlm comes as C++ source that wants a compiler.
"""

from edgeasr.decode.beam import BeamConfig, BeamDecoder
from edgeasr.decode.ctc import GreedyDecoder, Word, align, greedy, words
from edgeasr.decode.ngram import LanguageModel
from edgeasr.decode.text import ALPHABET, BLANK, CTC_LABELS, decode_ids, encode, frames_needed, normalise

__all__ = [
    "ALPHABET",
    "BLANK",
    "CTC_LABELS",
    "BeamConfig",
    "BeamDecoder",
    "GreedyDecoder",
    "LanguageModel",
    "Word",
    "align",
    "decode_ids",
    "encode",
    "frames_needed",
    "greedy",
    "normalise",
    "words",
]
