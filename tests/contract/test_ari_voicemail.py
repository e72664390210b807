"""What a caller says as a file, over FakeAsterisk and over the real one: the same scenarios."""

from ari_app.calls.effects import Announce, HangUp, LeaveBridge, RecordMessage
from ari_app.calls.stimuli import AnnouncementFinished, LegGone, RecorderEnded
from tests.support.benches import Bench


async def test_a_message_is_recorded_once_however_often_it_is_requested_and_ends_with_its_leg(bench: Bench) -> None:
    a, _, bridge = await bench.conversation()
    recording = bench.new("message")
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    for _ in range(2):
        await bench.done(RecordMessage(bench.number(), a, recording, 30, 20))
    assert not [fact for fact in bench.facts if isinstance(fact, RecorderEnded)]
    await bench.done(HangUp(bench.number(), a))
    ended = await bench.reported_of(RecorderEnded)
    assert ended.recording == recording


async def test_a_leg_that_is_in_a_bridge_leaves_no_message_and_one_that_is_gone_does_not_either(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    recording = bench.new("message")
    await bench.done(RecordMessage(bench.number(), a, recording, 30, 20))
    await bench.reported(RecorderEnded(recording, failed=True))
    await bench.done(HangUp(bench.number(), b))
    await bench.reported(LegGone(b, 16))
    await bench.finds_gone(lambda number: RecordMessage(number, b, bench.new("message"), 30, 20))


async def test_who_hangs_up_as_they_are_to_be_recorded_is_gone_whatever_asterisk_answers(bench: Bench) -> None:
    """What it took and had not begun ends without a word of a recorder: the leg's end is all that is reported."""
    a, _, bridge = await bench.conversation()
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    bench.hang_up(a)
    await bench.result(RecordMessage(bench.number(), a, bench.new("message"), 30, 20))
    await bench.reported(LegGone(a, 16))
    await bench.finds_gone(lambda number: RecordMessage(number, a, bench.new("message"), 30, 20))


async def test_a_message_is_played_to_somebody_else_to_its_end_and_one_that_is_not_there_is_passed_over(
    bench: Bench,
) -> None:
    """Where the file that is not there is the last, no end is reported: something else follows it."""
    a, b, bridge = await bench.conversation()
    recording, after = bench.new("message"), "sound:silence/1"
    for leg in (a, b):
        await bench.done(LeaveBridge(bench.number(), leg, bridge))
    await bench.done(RecordMessage(bench.number(), a, recording, 30, 20))
    for sounds in (
        ("sound:beep", "number:1", "digits:42"),  # for so long a speaks
        (f"recording:{recording}", after),
        (f"recording:{bench.new('message')}", after),
        ("sound:no-such-sound", "sound:beep"),
    ):
        announcement = bench.new("a")
        await bench.done(Announce(bench.number(), b, announcement, "voicemail_message", sounds))
        await bench.reported(AnnouncementFinished(b, announcement))
        if not any(isinstance(fact, RecorderEnded) for fact in bench.facts):
            await bench.done(HangUp(bench.number(), a))
            await bench.reported_of(RecorderEnded)


async def test_a_prompt_gives_way_to_the_next_one_at_once(bench: Bench) -> None:
    _, b, bridge = await bench.conversation()
    await bench.done(LeaveBridge(bench.number(), b, bridge))
    long, short = bench.new("a"), bench.new("a")
    await bench.done(Announce(bench.number(), b, long, "voicemail_keys", ("sound:demo-congrats",) * 9))
    await bench.done(Announce(bench.number(), b, short, "voicemail_message", ("sound:beep",)))
    await bench.reported(AnnouncementFinished(b, short))
    assert AnnouncementFinished(b, long) in bench.of_leg(b)
