"""A device: a place that gets files and runs the agent on them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from edgeasr.child import Child
from edgeasr.errors import TargetError
from edgeasr_bench.record import Kind

__all__ = ["Device", "run_agent"]


class Device(Protocol):
    """Where the agent runs.

    Attributes:
        kind: what times that are taken there are worth.
    """

    kind: Kind

    def send(self, files: Mapping[str, Path]) -> dict[str, str]:
        """Make files or folders available there; what is there already is not sent again.

        Args:
            files: what to send, under names that say their content.

        Returns:
            The path of each there, by name.

        Raises:
            TargetError: the device is lost, or its disk is full.
        """
        ...

    def start(self, agent: str, module: str, *arguments: str) -> AbstractContextManager[Child]:
        """Run a module of the agent there.

        Args:
            agent: path of the agent there.
            module: dotted name.
            arguments: of its command line.
        """
        ...

    def why(self, child: Child) -> str:
        """Say why a child that `start` gave has ended before it was done, in the middle of a sentence."""
        ...


def run_agent(
    device: Device,
    agent: str,
    module: str,
    arguments: Sequence[str],
    names: Mapping[str, str],
    take: Callable[[dict[str, Any]], None],
) -> None:
    """Run a module of the agent, and take what it reports as it comes.

    Args:
        device: where.
        agent: path of the agent there.
        module: dotted name.
        arguments: of its command line.
        names: what to call the paths there in messages.
        take: given each report.

    Raises:
        TargetError: it reported an error, or did not end well.
    """
    with device.start(agent, module, *arguments) as child:
        for found in child.reports():
            if "error" in found:
                message = found["error"]
                for path, name in names.items():
                    message = message.replace(path, name).replace(Path(path).name, name)
                raise TargetError(message)
            take(found)
        if child.stopped or child.code != 0:
            raise TargetError(device.why(child))
