"""A WebSocket that can be cut: whatever the other side sends next fails, and it reads no more."""

import socket
import struct

from aiohttp import ClientWebSocketResponse

_AT_ONCE = struct.pack("ii", 1, 0)


class LaneSocket(ClientWebSocketResponse):
    """aiohttp's own only closes politely: behind all that was sent, and after waiting for the other side."""

    def abort(self) -> None:
        """End the connection, by a reset: what has not left is not sent, and Asterisk's next answer fails, after which
        it takes no other request from there (websocket_write of res_http_websocket.c closes the socket)."""
        connection = self._response.connection
        transport = connection.transport if connection is not None else None
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            transport.abort()
        self._response.close()
