"""WebSocket clients that read slowly, over a connection that holds little: for `bench_overseers`.

The connection is like one over a network far away: small segments, and little room at the client's end, so that what a
client does not read waits at the server soon.
"""

import json
import socket
import threading
from contextlib import suppress

from tests.bench.subscribers import Client, Noted

SEGMENT = 1400
ROOM = 8192
# Of each second, how often it reads.
TURNS = 4
# Seconds without anything, after which a client that reads all has all.
QUIET = 2.0
CLOSE = 8


class SlowClient(Client):
    """Reads so many bytes a second, until it is to hurry; then all there is.

    `events`: how many came, without the snapshot; `gaps`: how often a number was not the next; `newest`: by target, the
    last state; `overseen`: the same by agent, of what comes to who oversees; `closed`: the code with which the server
    has closed it.
    """

    def __init__(self, host: str, port: int, path: str, bytes_a_second: int) -> None:
        connection = socket.socket()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        connection.connect((host, port))
        self.events = self.gaps = 0
        self.newest: dict[str, str | None] = {}
        self.overseen: dict[str, str] = {}
        self.closed: int | None = None
        self._number: int | None = None
        self._hurries = threading.Event()
        self._turn = bytes_a_second // TURNS
        super().__init__(host, port, path, Noted(), connection)

    def hurry(self) -> None:
        """From now on as fast as it can."""
        self._hurries.set()

    def run(self) -> None:
        """Until the connection is closed, or nothing comes any more. Blocks."""
        while not self.ready:
            self.read()
        with suppress(ConnectionError, TimeoutError):
            while not self._hurries.wait(1 / TURNS):
                if self._turn:
                    self.read(self._turn)
            self.socket.settimeout(QUIET)
            while True:
                self.read()
        self.socket.close()

    def take(self, opcode: int, payload: bytes) -> None:
        """A frame."""
        super().take(opcode, payload)
        if opcode == CLOSE:
            self.closed = int.from_bytes(payload[:2])
            return
        if opcode != 1:
            return
        event = json.loads(payload)
        self.gaps += self._number is not None and event["seq"] != self._number + 1
        self.events += self._number is not None
        self._number = event["seq"]
        if event["type"] == "target.updated":
            self.newest[event["target"]] = event["state"]
        elif event["type"] == "agent.updated":
            self.overseen[event["agent"]["agent"]] = event["agent"]["state"]
