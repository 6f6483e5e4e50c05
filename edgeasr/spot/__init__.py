"""Keyword spotting: a stream of audio in, events out."""

from edgeasr.spot.listening import listen, listen_async, start_listening
from edgeasr.spot.settings import SpotterConfig
from edgeasr.spot.spotter import Event, Spotter

__all__ = ["Event", "Spotter", "SpotterConfig", "listen", "listen_async", "start_listening"]
