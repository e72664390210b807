"""A connection until it is encrypted: what it costs is bounded from its first packet on.

Servers of asyncio tell a protocol of a connection once its handshake is done. Until then it would count for nobody, and
could say nothing for a minute.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from ari_app.api.connections import Connections


class _Early(asyncio.Protocol):
    """What comes with the end of the handshake, before who answers it knows of the connection."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended = self.lost = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> bool:
        self.ended = True
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


class Handshake(asyncio.Protocol):
    """Hands the connection to a protocol of `made` once it is encrypted.

    It counts among `connections` meanwhile, and has as long as it has for a request afterwards.
    """

    def __init__(self, made: Callable[[], asyncio.Protocol], connections: Connections, context: ssl.SSLContext) -> None:
        self._made = made
        self._connections = connections
        self._context = context
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection; of too many from its address it is closed at once."""
        plain = cast("asyncio.Transport", transport)
        address = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._connections.begin(address):
            plain.abort()
            return
        plain.pause_reading()  # nothing is read by who does not decrypt
        # At once, and not when the loop comes to it: uvloop begins to read after this, whatever was paused here.
        self._task = asyncio.Task(self._encrypt(plain, address), loop=asyncio.get_running_loop(), eager_start=True)

    async def _encrypt(self, transport: asyncio.Transport, address: str) -> None:
        early, unfinished = _Early(), self._connections.watch(transport.abort)
        try:
            encrypted = await asyncio.get_running_loop().start_tls(transport, early, self._context, server_side=True)
        except OSError:  # TLS is spoken by nobody there, or they are gone
            return
        finally:
            unfinished.cancel()
            self._connections.end(address)
        if encrypted is None or early.lost or transport.is_closing():
            return
        protocol = self._made()
        encrypted.set_protocol(protocol)
        protocol.connection_made(encrypted)
        if early.data:
            protocol.data_received(bytes(early.data))
        if early.ended:
            protocol.eof_received()
