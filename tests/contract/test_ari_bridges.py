"""What is recorded of a bridge and played to it, over FakeAsterisk and over the real one: the same scenarios."""

from ari_app.calls.effects import (
    DestroyBridge,
    HangUp,
    JoinBridge,
    LeaveBridge,
    PauseRecorder,
    PlayToBridge,
    ResumeRecorder,
    StartRecorder,
    StopRecorder,
)
from ari_app.calls.stimuli import EffectDone, RecorderEnded
from tests.support.benches import Bench

BEEP = ("sound:beep",)


async def test_a_bridge_is_recorded_until_it_is_stopped_and_nobody_misses_a_word(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    recording = bench.new("recording")
    await bench.done(StartRecorder(bench.number(), bridge, recording))
    await bench.hears({(a, b), (b, a)}, a, b)
    await bench.done(PauseRecorder(bench.number(), bridge, recording))
    await bench.done(ResumeRecorder(bench.number(), bridge, recording))
    await bench.done(StopRecorder(bench.number(), bridge, recording))
    await bench.reported(RecorderEnded(recording))
    await bench.hears({(a, b), (b, a)}, a, b)
    assert bench.facts.count(RecorderEnded(recording)) == 1


async def test_recorders_requested_twice_are_there_once(bench: Bench) -> None:
    _, _, bridge = await bench.conversation()
    recording = bench.new("recording")
    for kind in (StartRecorder, PauseRecorder, StartRecorder, ResumeRecorder, StopRecorder):
        for _ in range(2):
            await bench.done(kind(bench.number(), bridge, recording))
    await bench.reported(RecorderEnded(recording))


async def test_what_does_not_run_cannot_be_paused_or_resumed_but_is_stopped(bench: Bench) -> None:
    _, _, bridge = await bench.conversation()
    recording = bench.new("recording")
    for kind in (PauseRecorder, ResumeRecorder):
        assert (await bench.failed(kind(bench.number(), bridge, recording))).gone is False
    await bench.done(StopRecorder(bench.number(), bridge, recording))


async def test_without_a_bridge_nothing_is_recorded_or_played(bench: Bench) -> None:
    bridge = bench.new("never-made")
    assert (await bench.failed(StartRecorder(bench.number(), bridge, bench.new("recording")))).gone is False
    assert (await bench.failed(PlayToBridge(bench.number(), bridge, bench.new("p"), "prompt", BEEP))).gone is False


async def test_a_recorder_goes_with_the_last_leg_and_the_file_is_written_on_also_in_an_empty_bridge(
    bench: Bench,
) -> None:
    a, b, bridge = await bench.conversation()
    recording = bench.new("recording")
    await bench.done(StartRecorder(bench.number(), bridge, recording))
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    assert RecorderEnded(recording) not in bench.facts
    await bench.done(LeaveBridge(bench.number(), b, bridge))
    await bench.reported(RecorderEnded(recording))
    bench.facts.clear()
    await bench.done(StartRecorder(bench.number(), bridge, recording))
    for leg in (a, b):
        await bench.done(JoinBridge(bench.number(), leg, bridge))
    await bench.hears({(a, b), (b, a)}, a, b)
    await bench.done(PauseRecorder(bench.number(), bridge, recording))
    await bench.done(HangUp(bench.number(), a))
    await bench.done(HangUp(bench.number(), b))
    await bench.reported(RecorderEnded(recording))


async def test_a_recorder_ends_with_its_bridge_and_one_begun_before_is_complete_then(bench: Bench) -> None:
    _, _, bridge = await bench.conversation()
    first, second = bench.new("recording"), bench.new("recording")
    await bench.done(StartRecorder(bench.number(), bridge, first))
    await bench.done(StopRecorder(bench.number(), bridge, first))
    effects = (StartRecorder(bench.number(), bridge, second), DestroyBridge(bench.number(), bridge))
    for effect in effects:
        bench.execute(effect)
    for effect in effects:
        await bench.reported(EffectDone(effect.number))
    await bench.reported(RecorderEnded(first))
    await bench.reported(RecorderEnded(second))


async def test_a_prompt_to_a_bridge_cuts_nobody_off(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    playing = bench.new("playing")
    for _ in range(2):
        await bench.done(PlayToBridge(bench.number(), bridge, playing, "prompt", BEEP))
    await bench.hears({(a, b), (b, a)}, a, b)
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    await bench.hears(set(), a, b)
