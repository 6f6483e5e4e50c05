"""Addresses of targets: `local`, `browser`, `ssh://[USER@]HOST[:PORT]`, `emulated:pi4`, `ethos-u55-128` and so on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from edgeasr.errors import ConfigError
from edgeasr.registry import resolve
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.measurement import Measured
from edgeasr_bench.progress import Note, Progress
from edgeasr_bench.settings import Settings

__all__ = ["TARGETS", "Measure", "Target", "find_target"]

# What stands before the first colon or hyphen of an address -> a `Measure`.
TARGETS: Mapping[str, str] = {
    "local": "edgeasr_bench.local:measure",
    "ssh": "edgeasr_bench.targets.ssh:measure",
    "emulated": "edgeasr_bench.targets.emulated:measure",
    "browser": "edgeasr_bench.targets.browser:measure",
    "board": "edgeasr_bench.targets.firmware:measure",
    "serial": "edgeasr_bench.targets.serial:measure",
    "tcp": "edgeasr_bench.targets.serial:measure_tcp",
    "ethos": "edgeasr_bench.targets.ethos:measure",
}
_HOSTS = ("ssh", "tcp")  # what is at a host, which may be this machine


class Measure(Protocol):
    """How a kind of target measures."""

    def __call__(
        self,
        place: str,
        candidates: Sequence[Candidate],
        settings: Settings,
        note: Note,
        progress: Progress,
    ) -> Measured:
        """Measure candidates side by side.

        Args:
            place: what follows that in the address.
            candidates: what to measure.
            settings: how.
            note: told a line at a time what is left out or doubtful.
            progress: called with the stage and the share of it that is done.

        Raises:
            ConfigError: there is no such place.
            TargetError: it cannot be reached, lacks something or is lost.
            EdgeASRError: a candidate cannot be run, or does not fit the data set.
        """
        ...


@dataclass(frozen=True)
class Target:
    """A place to measure on.

    Attributes:
        kind: key of `TARGETS`.
        place: which of that kind.
    """

    kind: str
    place: str

    @property
    def machine(self) -> str:
        """Name the machine whose processor it needs: its host or port, or nothing for this one."""
        if self.kind == "serial":
            return self.place
        if self.kind not in _HOSTS:
            return ""
        try:
            host = urlsplit(f"{self.kind}:{self.place}").hostname or ""
        except ValueError:  # no address; `measure` says so
            return ""
        return "" if host == "localhost" or re.fullmatch(r"127(\.\d+){3}|::1", host) else host

    def measure(
        self,
        candidates: Sequence[Candidate],
        settings: Settings,
        note: Note,
        progress: Progress,
    ) -> Measured:
        """Measure candidates there, as `Measure` says."""
        function: Measure = resolve(TARGETS, self.kind, "target")
        return function(self.place, candidates, settings, note, progress)


def find_target(address: str) -> Target:
    """Read an address.

    Raises:
        ConfigError: there is no such kind of target.
    """
    kind, place = (*re.split("[:-]", address, maxsplit=1), "")[:2]
    if kind not in TARGETS:
        raise ConfigError(
            f"unknown target {address!r}: expected one of {', '.join(sorted(TARGETS))}, as `edgeasr bench --help` says"
        )
    return Target(kind, place)
