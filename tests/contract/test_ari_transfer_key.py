"""A phone whose transfer key is ours, over FakeAsterisk and over the real one: what is requested, and what it is shown.

Never a REFER with `Refer-Sub: false` here: to such a channel it ends Asterisk 22.10 (its issue 2021).
"""

import pytest

from ari_app.calls.effects import CreateBridge, HangUp, JoinBridge, TakeTransferKey, TellTransfer
from ari_app.calls.model import TransferState
from ari_app.calls.stimuli import LegAnswered, LegGone, TransferRequested
from tests.support.benches import Bench, RealBench


async def _talks(bench: Bench, *, transfer_key: bool) -> str:
    """A phone alone in a bridge."""
    leg, bridge = await bench.dial(await bench.phone(), transfer_key=transfer_key), bench.new("b")
    await bench.reported(LegAnswered(leg))
    await bench.done(CreateBridge(bench.number(), bridge))
    await bench.done(JoinBridge(bench.number(), leg, bridge))
    return leg


@pytest.mark.parametrize("end", [TransferState.ANSWERED, TransferState.DECLINED, TransferState.UNAVAILABLE])
async def test_the_transfer_key_moves_nothing_and_shows_what_it_is_sent(bench: Bench, end: TransferState) -> None:
    leg = await _talks(bench, transfer_key=True)
    await bench.press_transfer(leg, "1002")
    await bench.reported(TransferRequested(leg, "1002"))
    await bench.done(TellTransfer(bench.number(), leg, TransferState.RINGING))
    await bench.done(TellTransfer(bench.number(), leg, end))
    await bench.shows_transfer(leg, TransferState.RINGING, end)
    assert [fact for fact in bench.of_leg(leg) if isinstance(fact, TransferRequested)] == [
        TransferRequested(leg, "1002")
    ]


async def test_a_phone_hung_up_at_once_has_still_been_notified_that_it_succeeded(bench: Bench) -> None:
    leg = await _talks(bench, transfer_key=True)
    await bench.press_transfer(leg, "+33123456789")
    await bench.reported(TransferRequested(leg, "+33123456789"))
    if isinstance(bench, RealBench):
        shown = bench.shows_transfer(leg, TransferState.ANSWERED)
        bench.execute(TellTransfer(bench.number(), leg, TransferState.ANSWERED))
        bench.execute(HangUp(bench.number(), leg))
        await shown
    else:
        await bench.done(TellTransfer(bench.number(), leg, TransferState.ANSWERED))
        await bench.shows_transfer(leg, TransferState.ANSWERED)
        await bench.done(HangUp(bench.number(), leg))
    await bench.reported(LegGone(leg, 16))


async def test_the_key_of_a_phone_that_is_up_can_be_taken(bench: Bench) -> None:
    leg = await _talks(bench, transfer_key=False)
    await bench.done(TakeTransferKey(bench.number(), leg))
    await bench.press_transfer(leg, "1003")
    await bench.reported(TransferRequested(leg, "1003"))
    await bench.done(TellTransfer(bench.number(), leg, TransferState.DECLINED))
    await bench.shows_transfer(leg, TransferState.DECLINED)


async def test_a_phone_that_is_gone_is_sent_nothing(bench: Bench) -> None:
    leg = await _talks(bench, transfer_key=True)
    await bench.done(HangUp(bench.number(), leg))
    await bench.reported(LegGone(leg, 16))
    await bench.finds_gone(lambda number: TakeTransferKey(number, leg))
    await bench.finds_gone(lambda number: TellTransfer(number, leg, TransferState.RINGING))
