"""The server: clients over TCP, with limits on all that they can do to it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from edgeasr.errors import ConfigError, EdgeASRError
from edgeasr.serve.message import LONGEST_LINE, Message, ProtocolError, encode, read_message
from edgeasr.serve.services import Services
from edgeasr.serve.session import Session

__all__ = ["Limits", "serve"]


@dataclass(frozen=True)
class Limits:
    """What a server allows.

    Attributes:
        clients: at once.
        idle_s: without a message, after which a client is sent away.
        write_s: in which a client must take what it is sent.
    """

    clients: int = 128
    idle_s: float = 600.0
    write_s: float = 10.0


async def serve(
    services: Services,
    host: str,
    port: int,
    started: Callable[[int], None],
    notify: Callable[[str], None],
    report: Callable[[dict[str, Any]], None] = lambda heard: None,
    limits: Limits | None = None,
) -> None:
    """Serve clients until cancelled.

    Args:
        services: what there is.
        host: address to listen at.
        port: likewise; 0 for any that is free.
        started: called with the port, once clients can come.
        notify: takes one line for each client that had to be sent away.
        report: takes what was heard: `client`, `type`, and the data of the message.
        limits: what is allowed.

    Raises:
        ConfigError: the address cannot be listened at.
    """
    door = _Door(services, notify, report, limits or Limits())
    try:
        server = await asyncio.start_server(door.enter, host, port, limit=LONGEST_LINE)
    except OSError as error:
        reason = (error.strerror or str(error)).rpartition(": ")[2]  # asyncio says the address before it
        raise ConfigError(f"cannot serve at {host}:{port} ({reason}): choose another address or port") from error
    started(server.sockets[0].getsockname()[1])
    try:
        await asyncio.get_running_loop().create_future()  # until cancelled
    finally:
        server.close()
        await door.close()


class _Door:
    """Where clients come in, and are sent away."""

    def __init__(
        self,
        services: Services,
        notify: Callable[[str], None],
        report: Callable[[dict[str, Any]], None],
        limits: Limits,
    ) -> None:
        self._services, self._notify, self._report, self._limits = services, notify, report, limits
        self._inside: set[asyncio.Task[None]] = set()

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it goes or must go; whatever it does, this ends without an error."""
        task = asyncio.current_task()
        assert task is not None
        peer = writer.get_extra_info("peername")
        client = f"{peer[0]}:{peer[1]}" if peer else "client"
        self._inside.add(task)
        try:
            if len(self._inside) > self._limits.clients:
                raise ProtocolError(f"one client more than {self._limits.clients}")
            await self._converse(client, reader, writer)
        except (ProtocolError, EdgeASRError) as error:
            self._notify(f"{client}: sent away: {error}")
            writer.write(encode(Message("error", {"text": str(error)})))
        except TimeoutError:
            self._notify(f"{client}: sent away: nothing from it for {self._limits.idle_s:g} s")
        except (OSError, asyncio.CancelledError):
            pass  # it is gone, or nobody can be reached any more, or the service ends
        finally:
            self._inside.discard(task)
            await self._leave(writer)

    async def close(self) -> None:
        """Send everybody away."""
        for task in self._inside:
            task.cancel()
        await asyncio.gather(*self._inside, return_exceptions=True)

    async def _converse(self, client: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send(message: Message) -> None:
            writer.write(encode(message))
            try:
                async with asyncio.timeout(self._limits.write_s):
                    await writer.drain()
            except TimeoutError:
                raise ProtocolError(f"it does not take its answers for {self._limits.write_s:g} s") from None

        def report(heard: dict[str, Any]) -> None:
            with suppress(OSError):  # of where that is written, a full disk or a closed pipe: clients come first
                self._report({"client": client, **heard})

        session = Session(self._services, send, report)
        while message := await read_message(reader, self._limits.idle_s):
            await session.answer(message)

    async def _leave(self, writer: asyncio.StreamWriter) -> None:
        """Close the connection; what was written is sent, if the client takes it in time."""
        try:
            writer.close()
            async with asyncio.timeout(self._limits.write_s):
                await writer.wait_closed()
        except (OSError, TimeoutError, asyncio.CancelledError):
            writer.transport.abort()
