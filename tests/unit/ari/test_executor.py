"""The order of effects, and that each is answered."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from ari_app.ari.executor import Executor
from ari_app.ari.failures import AriError, ChannelGone
from ari_app.calls.effects import (
    AsteriskEffect,
    CreateBridge,
    CreateLeg,
    CreateSnoop,
    DestroyBridge,
    HangUp,
    JoinBridge,
    LeaveBridge,
    PlayDtmf,
    PlayToBridge,
    StartMusic,
    StartRecorder,
    StopMusic,
    StopRecorder,
    TellTransfer,
)
from ari_app.calls.model import Identity, Phone, TransferState
from ari_app.calls.stimuli import EffectDone, EffectFailed
from ari_app.tracing import current, received

FIRST = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECOND = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Asterisk:
    """Effects under way, which the test ends."""

    def __init__(self) -> None:
        self.under_way: dict[int, asyncio.Future[None]] = {}
        self.started: list[int] = []
        self.results: list[EffectDone | EffectFailed] = []

    async def perform(self, effect: AsteriskEffect) -> None:
        self.started.append(effect.number)
        self.under_way[effect.number] = asyncio.get_running_loop().create_future()
        try:
            await self.under_way[effect.number]
        finally:
            del self.under_way[effect.number]

    async def end(self, number: int, error: Exception | None = None) -> None:
        if error is None:
            self.under_way[number].set_result(None)
        else:
            self.under_way[number].set_exception(error)
        await settle()

    def done(self) -> list[int]:
        return [result.effect for result in self.results if isinstance(result, EffectDone)]


async def settle() -> None:
    """Let everything that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def asterisk() -> Asterisk:
    return Asterisk()


@pytest.fixture
async def executor(asterisk: Asterisk) -> AsyncIterator[Executor]:
    executor = Executor(asterisk.perform, asterisk.results.append)
    executor.open()
    yield executor
    executor.close("end of the test")
    await settle()


def music(number: int, leg: str = "a") -> StartMusic:
    return StartMusic(number, leg, "default")


async def run(executor: Executor, *effects: AsteriskEffect) -> None:
    for effect in effects:
        executor.execute(effect)
    await settle()


async def test_effects_of_one_leg_run_one_after_the_other(executor: Executor, asterisk: Asterisk) -> None:
    await run(executor, music(1), music(2), music(3))
    assert asterisk.started == [1]
    await asterisk.end(1)
    assert asterisk.started == [1, 2]
    await asterisk.end(2, AriError(500, "refused"))
    await asterisk.end(3)
    assert asterisk.results == [EffectDone(1), EffectFailed(2, "refused"), EffectDone(3)]
    assert executor.pending == 0


async def test_effects_of_different_legs_run_at_once(executor: Executor, asterisk: Asterisk) -> None:
    await run(executor, music(1, "a"), music(2, "b"))
    assert asterisk.started == [1, 2]


async def test_what_has_nothing_to_wait_for_is_sent_within_execute(executor: Executor, asterisk: Asterisk) -> None:
    executor.execute(music(1))
    assert asterisk.started == [1]
    assert executor.pending == 1


async def test_no_result_comes_within_execute() -> None:
    results: list[EffectDone | EffectFailed] = []

    async def perform(effect: AsteriskEffect) -> None:
        """There is nothing to wait for."""

    executor = Executor(perform, results.append)
    executor.open()
    executor.execute(music(1))
    assert (results, executor.pending) == ([], 1)
    await settle()
    assert (results, executor.pending) == ([EffectDone(1)], 0)


async def test_joining_waits_for_the_bridge_alone(executor: Executor, asterisk: Asterisk) -> None:
    await run(executor, CreateBridge(1, "b"), CreateBridge(2, "c"), JoinBridge(3, "a", "b"))
    assert asterisk.started == [1, 2]
    await asterisk.end(1)
    assert asterisk.started == [1, 2, 3]


async def test_joining_waits_for_the_bridge_even_if_that_failed(executor: Executor, asterisk: Asterisk) -> None:
    await run(executor, CreateBridge(1, "b"), JoinBridge(2, "a", "b"))
    await asterisk.end(1, AriError(500, "no"))
    assert asterisk.started == [1, 2]


async def test_a_snoop_is_put_on_a_leg_that_is_where_it_goes(executor: Executor, asterisk: Asterisk) -> None:
    await run(executor, LeaveBridge(1, "a", "b"), JoinBridge(2, "a", "c"), JoinBridge(3, "x", "c"))
    await run(executor, CreateSnoop(4, "s", "a", True, "call"))
    assert asterisk.started == [1, 3]
    await asterisk.end(1)
    assert asterisk.started == [1, 3, 2]
    await asterisk.end(2)
    assert asterisk.started == [1, 3, 2, 4]


async def test_a_snoop_waits_for_moves_of_its_leg_that_are_requested_after_it_in_the_same_step(
    executor: Executor, asterisk: Asterisk
) -> None:
    await run(executor, CreateSnoop(1, "s", "a", True, "call"), LeaveBridge(2, "a", "b"), JoinBridge(3, "a", "c"))
    assert asterisk.started == [2]
    await asterisk.end(2)
    assert asterisk.started == [2, 3]
    await asterisk.end(3)
    assert asterisk.started == [2, 3, 1]


async def test_a_bridge_is_destroyed_after_all_that_name_it(executor: Executor, asterisk: Asterisk) -> None:
    await run(executor, JoinBridge(1, "a", "b"), music(2, "c"), LeaveBridge(3, "c", "b"), DestroyBridge(4, "b"))
    await asterisk.end(1)
    await asterisk.end(2)
    assert asterisk.started == [1, 2, 3]
    await asterisk.end(3)
    assert asterisk.started == [1, 2, 3, 4]


@pytest.mark.parametrize("move", [JoinBridge(2, "a", "other"), LeaveBridge(2, "a", "b")], ids=["moved", "taken out"])
async def test_a_bridge_is_destroyed_after_moves_that_are_requested_after_it_in_the_same_step(
    executor: Executor, asterisk: Asterisk, move: AsteriskEffect
) -> None:
    await run(executor, DestroyBridge(1, "b"), music(3, "a"), move)
    assert asterisk.started == [3]
    await asterisk.end(3)
    assert asterisk.started == [3, 2]
    await asterisk.end(2)
    assert asterisk.started == [3, 2, 1]


async def test_who_joins_a_bridge_of_the_same_name_waits_for_the_end_of_the_one_before(
    executor: Executor, asterisk: Asterisk
) -> None:
    await run(executor, DestroyBridge(1, "b"), JoinBridge(2, "a", "b"))
    assert asterisk.started == [1]
    await asterisk.end(1)
    assert asterisk.started == [1, 2]


async def test_a_bridge_is_recorded_in_order_beside_its_legs_and_destroyed_after(
    executor: Executor, asterisk: Asterisk
) -> None:
    for effect in (
        StartRecorder(1, "b", "x"),
        StopRecorder(2, "b", "x"),
        JoinBridge(3, "a", "b"),
        DestroyBridge(4, "b"),
    ):
        executor.execute(effect)
    await settle()
    assert asterisk.started == [1, 3]
    await asterisk.end(3)
    await asterisk.end(1)
    assert asterisk.started == [1, 3, 2]
    await asterisk.end(2)
    assert asterisk.started == [1, 3, 2, 4]


async def test_a_prompt_to_all_waits_for_who_joins_and_for_what_begins_to_be_recorded(
    executor: Executor, asterisk: Asterisk
) -> None:
    for effect in (
        JoinBridge(1, "a", "b"),
        StartRecorder(2, "b", "x"),
        JoinBridge(3, "c", "other"),
        PlayToBridge(4, "b", "p", "prompt", ("sound:beep",)),
        PlayToBridge(5, "b", "q", "prompt", ("sound:beep",)),
    ):
        executor.execute(effect)
    await settle()
    assert sorted(asterisk.started) == [1, 2, 3]
    await asterisk.end(1)
    assert 4 not in asterisk.started
    await asterisk.end(2)
    assert asterisk.started[-1] == 4
    await asterisk.end(4)
    assert asterisk.started[-1] == 5


async def test_a_bridge_is_destroyed_after_hang_ups_whose_cause_it_would_change(
    executor: Executor, asterisk: Asterisk
) -> None:
    await run(executor, HangUp(1, "a"), DestroyBridge(2, "b"))
    assert asterisk.started == [1]
    await asterisk.end(1)
    assert asterisk.started == [1, 2]


async def test_a_hang_up_overtakes_its_leg_and_drops_what_waits(executor: Executor, asterisk: Asterisk) -> None:
    await run(executor, music(1), music(2), music(3), HangUp(4, "a"))
    assert asterisk.started == [1, 4]
    assert asterisk.results == [EffectFailed(2, "hung up", gone=True), EffectFailed(3, "hung up", gone=True)]
    await asterisk.end(4)
    await asterisk.end(1, ChannelGone(404, "Channel not found"))
    assert asterisk.results[2:] == [EffectDone(4), EffectFailed(1, "Channel not found", gone=True)]


async def test_a_hang_up_waits_for_what_its_phone_is_notified_of_its_transfer(
    executor: Executor, asterisk: Asterisk
) -> None:
    """Hung up before, it would show a transfer that failed."""
    reported = TellTransfer(2, "a", TransferState.ANSWERED)
    await run(executor, music(1), reported, TellTransfer(3, "b", TransferState.RINGING), HangUp(4, "a"))
    assert asterisk.started == [1, 2, 3]
    await asterisk.end(2)
    assert asterisk.started == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "create",
    [CreateLeg(1, "a", Phone("1001"), Identity(), "call"), CreateSnoop(1, "a", "other", False, "call")],
    ids=["leg", "snoop"],
)
async def test_a_hang_up_waits_for_the_creation_of_its_leg(
    executor: Executor, asterisk: Asterisk, create: AsteriskEffect
) -> None:
    await run(executor, create, music(2), HangUp(3, "a"), music(4))
    assert asterisk.started == [1]
    await asterisk.end(1)
    assert asterisk.started == [1, 3]
    await asterisk.end(3)
    assert asterisk.started == [1, 3, 4]


async def test_a_dropped_effect_frees_who_waits_for_it(executor: Executor, asterisk: Asterisk) -> None:
    await run(executor, music(1), JoinBridge(2, "a", "b"), HangUp(3, "a"), DestroyBridge(4, "b"))
    await asterisk.end(3)
    assert 4 in asterisk.started


async def test_a_request_that_never_ends_is_given_up(asterisk: Asterisk) -> None:
    executor = Executor(asterisk.perform, asterisk.results.append, limit=0.0)
    executor.open()
    await run(executor, music(1), music(2))
    assert asterisk.results == [
        EffectFailed(1, "no answer in time", unknown=True),
        EffectFailed(2, "no answer in time", unknown=True),
    ]


async def test_digits_have_longer(asterisk: Asterisk) -> None:
    executor = Executor(asterisk.perform, asterisk.results.append, limit=0.0)
    executor.open()
    await run(executor, PlayDtmf(1, "a", "1" * 100))
    assert asterisk.results == []
    executor.close("end")
    await settle()


async def test_a_defect_fails_the_effect_and_the_leg_goes_on(executor: Executor, asterisk: Asterisk) -> None:
    await run(executor, music(1), music(2))
    await asterisk.end(1, RuntimeError("ours"))
    assert asterisk.results == [EffectFailed(1, "internal error")]
    assert asterisk.started == [1, 2]


async def test_closing_fails_all_that_is_pending_once(executor: Executor, asterisk: Asterisk) -> None:
    await run(executor, music(1), music(2), CreateBridge(3, "b"), JoinBridge(4, "c", "b"))
    executor.close("lost")
    await settle()
    assert {(result.effect, getattr(result, "reason", "")) for result in asterisk.results} == {
        (number, "lost") for number in (1, 2, 3, 4)
    }
    assert len(asterisk.results) == 4
    assert all(isinstance(result, EffectFailed) and result.unknown for result in asterisk.results)
    assert asterisk.under_way == {}
    await run(executor, music(5))
    assert asterisk.results[-1] == EffectFailed(5, "lost")
    executor.open()
    await run(executor, music(6))
    assert asterisk.started[-1] == 6


async def test_before_it_is_opened_everything_fails(asterisk: Asterisk) -> None:
    executor = Executor(asterisk.perform, asterisk.results.append)
    executor.execute(music(1))
    assert asterisk.results == []
    await settle()
    assert asterisk.results == [EffectFailed(1, "not connected")]


@pytest.fixture(autouse=True)
def quiet() -> None:
    """No output of expected failures in the tests' report."""
    import structlog

    structlog.configure(processors=[structlog.testing.LogCapture()])


async def test_what_waits_for_its_turn_is_of_the_trace_in_which_it_was_requested() -> None:
    asterisk = Asterisk()
    traces: list[str] = []

    async def perform(effect: AsteriskEffect) -> None:
        traces.append(current())
        await asterisk.perform(effect)

    executor = Executor(perform, asterisk.results.append)
    executor.open()
    for number, trace in ((1, FIRST), (2, SECOND)):
        received(trace)
        executor.execute(JoinBridge(number, "l", "b"))
    received(None)
    await settle()
    await asterisk.end(1)
    await asterisk.end(2)
    assert traces == [FIRST, SECOND]


# -- what is sent before the answers ----------------------------------------------------------------------------------


def only_music(effect: AsteriskEffect, unanswered: Sequence[AsteriskEffect]) -> bool:
    """Only music is one request."""
    return isinstance(effect, StartMusic | StopMusic)


@pytest.fixture
async def swift(asterisk: Asterisk) -> AsyncIterator[Executor]:
    executor = Executor(asterisk.perform, asterisk.results.append, at_once=only_music)
    executor.open()
    yield executor
    executor.close("end of the test")
    await settle()


async def test_what_is_one_request_each_is_sent_at_once_in_order(swift: Executor, asterisk: Asterisk) -> None:
    await run(swift, music(1), music(2), music(3))
    assert asterisk.started == [1, 2, 3]
    await asterisk.end(1, AriError(500, "refused"))
    await asterisk.end(2)
    await asterisk.end(3)
    assert asterisk.results == [EffectFailed(1, "refused"), EffectDone(2), EffectDone(3)]
    await run(swift, music(4))
    assert asterisk.started[-1] == 4


async def test_what_is_more_waits_for_all_before_it_and_all_after_it_wait(swift: Executor, asterisk: Asterisk) -> None:
    await run(swift, music(1), music(2), JoinBridge(3, "a", "b"), music(4))
    assert asterisk.started == [1, 2]
    await asterisk.end(2)
    assert asterisk.started == [1, 2]
    await asterisk.end(1)
    assert asterisk.started == [1, 2, 3]
    await asterisk.end(3)
    assert asterisk.started == [1, 2, 3, 4]


async def test_nothing_passes_what_waits_for_a_bridge(asterisk: Asterisk) -> None:
    swift = Executor(asterisk.perform, asterisk.results.append, at_once=lambda effect, unanswered: True)
    swift.open()
    await run(swift, CreateBridge(1, "b"), music(2), JoinBridge(3, "a", "b"), music(4))
    assert asterisk.started == [1, 2]
    await asterisk.end(1)
    assert asterisk.started == [1, 2, 3, 4]
    swift.close("end of the test")
    await settle()


async def test_what_may_follow_is_said_knowing_what_is_unanswered(asterisk: Asterisk) -> None:
    seen: list[tuple[int, list[int]]] = []

    def at_once(effect: AsteriskEffect, unanswered: Sequence[AsteriskEffect]) -> bool:
        seen.append((effect.number, [other.number for other in unanswered]))
        return True

    swift = Executor(asterisk.perform, asterisk.results.append, at_once=at_once)
    swift.open()
    await run(swift, music(1), music(2), music(3))
    assert seen == [(1, []), (2, [1]), (2, []), (3, [1, 2]), (3, [])]
    swift.close("end of the test")
    await settle()


async def test_a_hang_up_overtakes_what_is_sent_and_drops_what_is_not(swift: Executor, asterisk: Asterisk) -> None:
    await run(swift, music(1), music(2), JoinBridge(3, "a", "b"))
    await run(swift, HangUp(4, "a"))
    assert asterisk.started == [1, 2, 4]
    assert asterisk.results == [EffectFailed(3, "hung up", gone=True)]


async def test_closing_fails_all_that_is_sent(swift: Executor, asterisk: Asterisk) -> None:
    await run(swift, music(1), music(2), JoinBridge(3, "a", "b"))
    swift.close("lost")
    await settle()
    assert sorted(result.effect for result in asterisk.results) == [1, 2, 3]
    assert asterisk.under_way == {}
    swift.open()
    await run(swift, music(4))
    assert asterisk.started == [1, 2, 4]
