"""A carrier that wants a login, as an administrator sets it up who follows docs/operations.md."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.bots import answers
from tests.bots.registrar import Registrar
from tests.e2e.containers import run_in, said_in
from tests.e2e.office import WITHIN, Office
from tests.e2e.shell import Shell, fits, here, open_shell
from tests.e2e.stack import Stack
from tests.support.documents import ROOT, blocks

_CHAPTER = (ROOT / "docs" / "operations.md").read_text().partition("\n## A carrier\n")[2].partition("\n## ")[0]
SECTIONS = next(block for block in blocks(_CHAPTER, "ini") if "type = registration" in block)
RELOAD, SHOW = next(block for block in blocks(_CHAPTER, "sh") if "reload" in block).splitlines()
(SHOWN,) = blocks(_CHAPTER, "text")


def of(stack: Stack, text: str) -> str:
    """The carrier of the document as that of the stack."""
    host, port = stack.carrier
    return (
        here(stack, text)
        .replace("carrier.example:5060", f"carrier.example:{port}")
        .replace("sip.carrier.example", host)
    )


@asynccontextmanager
async def added_to_pjsip_conf(stack: Stack, shell: Shell, text: str) -> AsyncIterator[None]:
    """In force while the block lasts. Asterisk cannot write to its files: it is led to a copy of them, and back."""
    asterisk, edited = f"{stack.project}-asterisk", "/run/asterisk/edited"
    files = (await said_in(asterisk, "readlink", "/run/asterisk/etc")).decode().strip()
    await run_in(
        asterisk, "bash", "-c", f"mkdir {edited} && cp -r {files}/*.conf {files}/sounds {files}/music {edited}"
    )
    try:
        await run_in(asterisk, "bash", "-c", f'cat >>{edited}/pjsip.conf <<<"$0"', f"\n{text}")
        await run_in(asterisk, "ln", "-sfn", edited, "/run/asterisk/etc")
        await shell.run(of(stack, RELOAD))
        yield
    finally:
        await run_in(asterisk, "ln", "-sfn", files, "/run/asterisk/etc")
        await run_in(asterisk, "rm", "-r", edited)
        await shell.run(of(stack, RELOAD))


async def shows(shell: Shell, command: str, wanted: str) -> None:
    """Wait until a command prints that: Asterisk takes the carrier's answer up when it comes to it."""
    printed = ""
    try:
        async with asyncio.timeout(WITHIN):
            while not fits(printed, wanted):
                _, printed = await shell.run(command)
    except TimeoutError:
        raise AssertionError(f"{command}\nprints:\n{printed}\nnot:\n{wanted}") from None


async def test_with_a_carrier_that_wants_a_login_calls_go_both_ways_and_are_heard(office: Office, stack: Stack) -> None:
    carrier = await office.lab.carrier()
    registrar = carrier.registrar = Registrar("33140000000", "the-carriers-secret")
    (alice,) = await office.agents("alice")
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    caller = await office.caller()
    async with open_shell() as shell, added_to_pjsip_conf(stack, shell, of(stack, SECTIONS)):
        await shows(shell, of(stack, SHOW), of(stack, SHOWN))
        host, port = stack.asterisk
        assert f"<sip:33140000000@{host}:{port}" in registrar.contact

        await alice.dials(f"number:{partner.number}")
        await office.hears("alice <-> partner")
        await alice.do("release")
        await partner.ended()
        await alice.is_now("ready")

        await office.connect(caller, alice)
