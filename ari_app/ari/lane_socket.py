"""A WebSocket that can be cut: what the other side has not read by then it never gets."""

import socket
import struct

from aiohttp import ClientWebSocketResponse

_AT_ONCE = struct.pack("ii", 1, 0)


class LaneSocket(ClientWebSocketResponse):
    """aiohttp's own only closes politely: behind all that was sent, and after waiting for the other side."""

    def abort(self) -> None:
        """End the connection, by a reset: the other side's system forgets what it has not handed on."""
        connection = self._response.connection
        transport = connection.transport if connection is not None else None
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            transport.abort()
        self._response.close()
