"""What one would pick instead, on the same Asterisk: `Dial()`, the transfers of `features.conf`, `ConfBridge`,
`app_queue`.

The product's Asterisk has none of the modules loaded and nothing in its files: both is so only while a bench needs it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.bench.ownfiles import with_more
from tests.e2e.containers import asterisk_console
from tests.e2e.stack import Stack

DIAL, ANSWER_DIAL, WITH_TRANSFERS, QUEUE, CONFERENCE = "*9", "*8", "*7", "*6", "*51"
"""What callers dial. Behind the first three stands the phone's number, behind `*6` that of the queue's first member."""
BLIND, ATTENDED = "#1", "*2"
"""The keys that transfer, before the number."""
_MANAGER_PORT = 5038
_DIALPLAN = f"""
[from-carrier](+)
exten => _{DIAL}XXXX,1,Dial(PJSIP/${{EXTEN:2}})
exten => _{ANSWER_DIAL}XXXX,1,Answer()
 same => n,Dial(PJSIP/${{EXTEN:2}})
exten => _{WITH_TRANSFERS}XXXX,1,Set(__TRANSFER_CONTEXT=bench-transfers)
 same => n,Dial(PJSIP/${{EXTEN:2}},,t)
exten => _{QUEUE}XXXX,1,Answer()
 same => n,Queue(bench-${{EXTEN:2}})
exten => {CONFERENCE},1,Answer()
 same => n,ConfBridge(bench)

[from-phones](+)
exten => {CONFERENCE},1,Answer()
 same => n,ConfBridge(bench)

[bench-transfers]
exten => _XXXX,1,Dial(PJSIP/${{EXTEN}})
"""
_FEATURES = f"""
[featuremap](+)
blindxfer => {BLIND}
atxfer => {ATTENDED}
"""
_CONFERENCE = """
[general]
[default_user]
type = user
quiet = yes
[default_bridge]
type = bridge
"""
_QUEUES = """
[general]
autofill = yes
[bench](!)
strategy = leastrecent
timeout = 15
retry = 1
ringinuse = no
"""
MODULES = ("bridge_builtin_features", "app_confbridge", "app_queue")
_STAYS = "bridge_builtin_features"
"""It cannot be unloaded, and does nothing where no call has the option."""
_READS = ("dialplan reload", "module reload features")
_MANAGED = "module reload manager"
"""Not afterwards: Asterisk now and then waits for ever for who listened there. So it stays, with a
secret that is forgotten."""


class Manager:
    """Asterisk's manager interface: what commands `ConfBridge` and `app_queue`. One request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def do(self, action: str, **fields: str) -> None:
        """Raises AssertionError where it is refused."""
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in fields.items())]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        while not (answer := (await self._reader.readuntil(b"\r\n\r\n")).decode()).startswith("Response:"):
            pass  # an event
        assert "Response: Success" in answer, f"{action}: {answer}"

    def close(self) -> None:
        """Let go of it."""
        self._writer.close()


@dataclass
class Baselines:
    """Ready to be called. `manager` commands them."""

    manager: Manager


def queues(members: Sequence[Sequence[str]]) -> str:
    """`queues.conf`: one for each list of phones, named by its first."""
    lines = [_QUEUES]
    for phones in members:
        lines += [f"[bench-{phones[0]}](bench)", *(f"member => PJSIP/{phone}" for phone in phones), ""]
    return "\n".join(lines)


@asynccontextmanager
async def baselines(stack: Stack, *members: Sequence[str]) -> AsyncIterator[Baselines]:
    """While the block lasts they are there, with an `app_queue` for each list of phones."""
    secret = secrets.token_hex(16)
    user = f"[bench]\nsecret = {secret}\nread =\nwrite = all\n"
    manager = f"[general](+)\nenabled = yes\nbindaddr = {stack.asterisk[0]}\nport = {_MANAGER_PORT}\n{user}"
    texts = {
        "extensions.conf": _DIALPLAN, "features.conf": _FEATURES, "confbridge.conf": _CONFERENCE,
        "queues.conf": queues(members), "manager.conf": manager,
    }  # fmt: skip
    there = {name: await asterisk_console(stack, f"module show like {name}.so") for name in MODULES}
    loads = tuple(f"module load {name}" for name, said in there.items() if "0 modules" in said)
    forgets = tuple(f"module unload {name}" for name in reversed(MODULES) if name != _STAYS)
    async with with_more(stack, texts, reads=(*loads, *_READS, _MANAGED), forgets=(*forgets, *_READS)):
        reader, writer = await asyncio.open_connection(stack.asterisk[0], _MANAGER_PORT)
        commands = Manager(reader, writer)
        try:
            await reader.readline()  # its greeting
            await commands.do("Login", Username="bench", Secret=secret, Events="off")
            yield Baselines(commands)
        finally:
            commands.close()
