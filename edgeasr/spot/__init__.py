"""Keyword spotting: a stream of audio in, events out."""

from edgeasr.spot.spotter import Event, Spotter, SpotterConfig

__all__ = ["Event", "Spotter", "SpotterConfig"]
