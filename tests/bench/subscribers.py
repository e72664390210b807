"""Many WebSocket clients in one process that costs little: for `bench_targets`, `bench_overseers` and `bench_live`.

    python -m tests.bench.subscribers HOST    (and one line of JSON: [[port, [path, …]], …])

Each path is one client. Sockets are read as epoll tells, without asyncio, and frames are taken apart as RFC 6455 says,
no further than needed: what is measured is the server. Of those that have `"mark":`, or tell of the group that all
show, of the agent who is watched or of the queue that is marked, it is noted which mark it was, how many clients have
got it, and when the last one did (nanoseconds of the system's monotonic clock). Prints `ready` when all are connected;
a line on the standard input is answered with what was noted since the last, as JSON; it ends with the standard input.
"""

import base64
import json
import os
import re
import resource
import select
import socket
import sys
import time
from itertools import batched

# Connections that are made at once.
AT_ONCE = 50
HOT = "group:group0"
WATCHED = "agent0"
_MARK = re.compile(
    rb'"target":"group:group0".*"as_of":"([^"]*)"|"mark": "([^"]*)"|"agent":{"agent":"agent0".*"since":"([^"]*)"'
    rb'|"target":"queue:marked".*"oldest_queued_at":"([^"]*)"'
)


class Noted:
    """What arrived: by mark how many and when the last; and how many frames in all."""

    def __init__(self) -> None:
        self.marks: dict[str, list[int]] = {}
        self.frames = 0


class Client:
    """One WebSocket. `ready` from its first message; `connected` is a connection that was made for it."""

    def __init__(self, host: str, port: int, path: str, noted: Noted, connected: socket.socket | None = None) -> None:
        self.ready = False
        self.socket = connected or socket.create_connection((host, port))
        self._noted = noted
        self._buffer = b""
        self._open = False
        key = base64.b64encode(os.urandom(16)).decode()
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.socket.sendall(f"{request}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())

    def read(self, most: int = 65536) -> None:
        """There is something.

        Raises:
            ConnectionError: but it was the end.
        """
        data = self.socket.recv(most)
        if not data:
            raise ConnectionError("closed")
        buffer = self._buffer + data if self._buffer else data
        if not self._open:
            head, end, rest = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = buffer
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(head.decode())
            self._open, buffer = True, rest
        self._buffer = self._frames(buffer)

    def _frames(self, buffer: bytes) -> bytes:
        """Take whole frames; what is left."""
        at = 0
        while len(buffer) >= at + 2:
            size, start = buffer[at + 1] & 127, at + 2
            if size >= 126:
                wide = 2 if size == 126 else 8
                size, start = int.from_bytes(buffer[start : start + wide]), start + wide
            if len(buffer) < start + size:
                break
            self.take(buffer[at] & 15, buffer[start : start + size])
            at = start + size
        return buffer[at:]

    def take(self, opcode: int, payload: bytes) -> None:
        """A frame."""
        if opcode == 9:
            self.socket.sendall(bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
            return
        self.ready = True
        self._noted.frames += 1
        if (match := _MARK.search(payload)) is not None:
            noted = self._noted.marks.setdefault(match[match.lastindex or 0].decode(), [0, 0])
            noted[0] += 1
            noted[1] = time.monotonic_ns()


class Clients:
    """All of them, by file descriptor; 0 is the standard input."""

    def __init__(self) -> None:
        self.noted = Noted()
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}

    def connect(self, host: str, port: int, paths: tuple[str, ...]) -> None:
        """Until each has had its first message."""
        clients = [Client(host, port, path, self.noted) for path in paths]
        for client in clients:
            self._clients[client.socket.fileno()] = client
            self._poll.register(client.socket.fileno(), select.EPOLLIN)
        while not all(client.ready for client in clients):
            self._turn()

    def serve(self) -> None:
        """Answer the standard input until it ends."""
        self._poll.register(0, select.EPOLLIN)
        while True:
            if self._turn():
                if not os.read(0, 4096):
                    return
                print(json.dumps({"marks": self.noted.marks, "frames": self.noted.frames}), flush=True)
                self.noted.marks, self.noted.frames = {}, 0

    def _turn(self) -> bool:
        """Read what there is; whether the standard input has something."""
        requested = False
        for descriptor, _ in self._poll.poll():
            if descriptor:
                self._clients[descriptor].read()
            else:
                requested = True
        return requested


def main() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
    clients = Clients()
    print("started", flush=True)
    for port, paths in json.loads(sys.stdin.readline()):
        for some in batched(paths, AT_ONCE, strict=False):
            clients.connect(sys.argv[1], port, some)
    print("ready", flush=True)
    clients.serve()


if __name__ == "__main__":
    main()
