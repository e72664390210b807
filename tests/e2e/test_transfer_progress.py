"""The phone's transfer key where the administrator has switched `transfer_progress` on: the phone keeps the call, and
shows how it goes, until the target accepts (S10-S16, S21).

No REFER with `Refer-Sub: false` here: the Asterisk of the tests, 22.10, would not survive it (its issue 2021).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.bots import Behaviour, declines, is_busy, is_unreachable
from tests.e2e.office import Office
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import APPLICATION, FILE, ari_app, own_office

TEXT = FILE.read_text()
ON = TEXT.replace("transfer_progress: false", "transfer_progress: true")


@asynccontextmanager
async def switched_on(stack: Stack, tmp_path: Path, on: str = ON) -> AsyncIterator[Office]:
    """A controller of its own whose file is read again with the setting on, while it runs."""
    file = tmp_path / "callcentre.yaml"
    file.write_text(TEXT)
    async with own_office(stack, file) as office, entering(stack, APPLICATION):
        file.write_text(on)
        admin = await office.desk("admin")
        await admin.command("POST", "/v1/admin/reload")
        yield office


@asynccontextmanager
async def entering(stack: Stack, application: str) -> AsyncIterator[None]:
    """The dialplan hands its channels to that application meanwhile."""
    url = f"{stack.ari}/ari/asterisk/variable"
    async with aiohttp.ClientSession(headers=stack.ari_headers, raise_for_status=True) as session:
        async with session.get(url, params={"variable": "CALL_CONTROL"}) as answer:
            before = str((await answer.json())["value"])
        await session.post(url, params={"variable": "CALL_CONTROL", "value": application})
        try:
            yield
        finally:
            await session.post(url, params={"variable": "CALL_CONTROL", "value": before})


async def test_check_refuses_it_with_an_asterisk_that_would_not_survive_it(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(ON)
    status, output = await ari_app(stack, file, "check")
    assert status == 1, output
    assert "setting transfer_progress: must be false with Asterisk 22.10" in output


async def test_the_phone_shows_that_the_target_accepted_and_is_done_s10_s11(stack: Stack, tmp_path: Path) -> None:
    async with switched_on(stack, tmp_path) as office:
        alice, bob = await office.agents("alice", "bob")
        caller = await office.caller()
        await office.connect(caller, alice)
        transfer = await alice.phone.transfer("1002")
        assert transfer.accepted == 202
        await bob.phone.rings()
        await caller.hears_music(within=8)
        await office.nobody_hears_anybody()
        call = await alice.sees_offer("ringing")
        assert "cancel" in call["actions"]
        await alice.phone.until(lambda: transfer.progress == [100], "shows that it rings")
        await bob.phone.answer()
        await office.hears("caller <-> bob")
        await alice.phone.ended()
        assert transfer.succeeded
        assert transfer.progress == [100, 200]
        await alice.is_now("ready")
        assert (await bob.sees_state("established"))["owner"] == "bob"
        caller.never_in_silence(longer_than=2)


@pytest.mark.parametrize(
    ("refusal", "outcome", "shown"),
    [
        (declines(), "declined", [100, 603]),
        (is_busy(), "busy", [100, 603]),
        (is_unreachable(404), "unavailable", [100, 503]),
    ],
    ids=["declined", "busy", "unreachable"],
)
async def test_the_phone_shows_that_the_target_refused_and_still_has_the_call_s12_s13(
    stack: Stack, tmp_path: Path, refusal: Behaviour, outcome: str, shown: list[int]
) -> None:
    async with switched_on(stack, tmp_path) as office:
        alice, bob = await office.agents("alice", "bob")
        bob.phone.behaviour = refusal
        caller = await office.caller()
        await office.connect(caller, alice)
        await alice.phone.hold()
        transfer = await alice.phone.transfer("1002")
        call = await alice.sees_offer(outcome)
        await alice.phone.until(lambda: transfer.progress == shown, f"shows {shown}")
        assert transfer.finished
        assert not transfer.succeeded
        assert call["state"] == "held"
        await caller.hears_music(within=8)
        await office.nobody_hears_anybody()
        await alice.phone.resume()
        await office.hears("alice <-> caller")
        assert len(alice.phone.calls) == 1
        caller.never_in_silence(longer_than=2)


async def test_the_phone_shows_that_nobody_answered_in_time_s12_s13(stack: Stack, tmp_path: Path) -> None:
    async with switched_on(stack, tmp_path, ON.replace("offer_timeout: 15", "offer_timeout: 3")) as office:
        alice, bob = await office.agents("alice", "bob")
        caller = await office.caller()
        await office.connect(caller, alice)
        transfer = await alice.phone.transfer("1002")
        await bob.phone.rings()
        await alice.sees_offer("no_answer", within=20)
        await bob.phone.stops_ringing()
        await alice.phone.until(lambda: transfer.progress == [100, 503], "shows it")
        await caller.hears_music(within=8)
        await alice.do("retrieve")
        await office.hears("alice <-> caller")
        caller.never_in_silence(longer_than=2)


async def test_a_number_that_may_not_be_reached_is_refused_and_they_talk_on(stack: Stack, tmp_path: Path) -> None:
    async with switched_on(stack, tmp_path) as office:
        (alice,) = await office.agents("alice")
        caller = await office.caller()
        await office.connect(caller, alice)
        for number in ("99", "1001", "nobody", "sip:127.0.0.1"):
            transfer = await alice.phone.transfer(number)
            await alice.phone.until(lambda shown=transfer: shown.finished, f"is refused {number}")  # type: ignore[misc]
            assert transfer.progress[-1] == 603
        await office.hears("alice <-> caller")
        assert caller.call.state == "up"


async def test_two_calls_of_the_phone_are_joined_and_it_shows_that_s21(stack: Stack, tmp_path: Path) -> None:
    """The second is dialled at the phone itself: that leg's key is taken when it arrives."""
    async with switched_on(stack, tmp_path) as office:
        alice, bob = await office.agents("alice", "bob")
        caller = await office.caller()
        await office.connect(caller, alice)
        await alice.phone.hold()
        alice.phone.dial("1002")
        await bob.phone.answer()
        await office.hears("alice <-> bob")
        await caller.hears_music(within=8)
        transfer = await alice.phone.transfer_attended()
        await office.hears("caller <-> bob")
        await alice.phone.ended()
        assert transfer.progress == [100, 200]
        call = await bob.sees(lambda call: call["type"] == "inbound", "has the contact's call")
        assert call["owner"] == "bob"
        await alice.is_now("ready")
        caller.never_in_silence(longer_than=2)


async def test_a_phone_that_dialled_by_hand_transfers_and_shows_it_s11_s40(stack: Stack, tmp_path: Path) -> None:
    async with switched_on(stack, tmp_path) as office:
        alice, bob, carol = await office.agents("alice", "bob", "carol")
        alice.phone.dial("1002")
        await bob.phone.answer()
        await office.hears("alice <-> bob")
        transfer = await alice.phone.transfer("1003")
        await bob.phone.hears_music(within=8)
        await carol.phone.answer()
        await office.hears("bob <-> carol")
        await alice.phone.ended()
        assert transfer.progress == [100, 200]


async def test_switched_off_again_the_next_call_is_as_before(stack: Stack, tmp_path: Path) -> None:
    """A call that is up keeps what it began with; both kinds of transfer go on side by side."""
    async with switched_on(stack, tmp_path) as office:
        alice, bob, carol = await office.agents("alice", "bob", "carol")
        bob.phone.behaviour = declines()
        caller = await office.caller()
        await office.connect(caller, alice)
        (tmp_path / "callcentre.yaml").write_text(TEXT)
        await office.people["admin"].command("POST", "/v1/admin/reload")
        transfer = await alice.phone.transfer("1002")
        await alice.phone.until(lambda: transfer.progress == [100, 603], "shows that bob declined")
        other = await office.caller("other", "+33600000009")
        await office.connect(other, carol)
        await carol.phone.transfer("1002", refer_sub=False)
        await carol.sees_offer("declined")
        await carol.phone.answer()  # rung again for the contact
        await office.hears("other <-> carol")
        await alice.do("retrieve")
        await office.hears("other <-> carol", "caller <-> alice")
