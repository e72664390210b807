"""Many WebSocket clients in one process that costs little: for `bench_targets`.

    python -m tests.bench.subscribers HOST    (and one line of JSON: [[port, [path, …]], …])

Each path is one client. Frames are taken apart as RFC 6455 says, and no further than needed:
of those that have `"mark":` or tell of the group that all show, it is noted which mark it was, how many clients have
got it, and when the last one did (nanoseconds of the system's monotonic clock). Prints `ready` when all are connected;
a line on the standard input is answered with all that was noted, as JSON; it ends with the standard input.
"""

import asyncio
import base64
import json
import os
import re
import resource
import sys
import time
from functools import partial
from itertools import batched

# Connections that are made at once.
AT_ONCE = 50
HOT = "group:group0"
_MARK = re.compile(rb'"target":"group:group0".*"as_of":"([^"]*)"|"mark": "([^"]*)"')


class Noted:
    """What arrived: by mark how many and when the last; and how many frames in all."""

    def __init__(self) -> None:
        self.marks: dict[str, list[int]] = {}
        self.frames = 0


class Client(asyncio.Protocol):
    """One WebSocket. `ready` is set at its first message."""

    def __init__(self, host: str, path: str, noted: Noted) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._noted = noted
        self._buffer = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport = transport
        transport.write(f"{self._request}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self._open:
            head, end, rest = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = buffer
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.ready.set_exception(ConnectionError(head.decode()))
                return
            self._open, buffer = True, rest
        self._buffer = self._frames(buffer)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("closed"))

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
            self._frame(buffer[at] & 15, buffer[start : start + size])
            at = start + size
        return buffer[at:]

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:
            self._transport.write(bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
            return
        if not self.ready.done():
            self.ready.set_result(None)
        self._noted.frames += 1
        if (match := _MARK.search(payload)) is not None:
            noted = self._noted.marks.setdefault((match[1] or match[2]).decode(), [0, 0])
            noted[0] += 1
            noted[1] = time.monotonic_ns()


async def run(host: str) -> None:
    noted = Noted()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
    loop = asyncio.get_running_loop()
    print("started", flush=True)
    for port, paths in json.loads(await asyncio.to_thread(sys.stdin.readline)):
        for some in batched(paths, AT_ONCE, strict=False):
            clients = [Client(host, path, noted) for path in some]
            await asyncio.gather(*(loop.create_connection(partial(_same, c), host, port) for c in clients))
            await asyncio.gather(*(client.ready for client in clients))
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps({"marks": noted.marks, "frames": noted.frames}), flush=True)


def _same(client: Client) -> Client:
    return client


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
