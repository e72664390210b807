"""What comes from a phone besides its call: keys that are pressed, and whether somebody speaks. Fake and real."""

from ari_app.calls.effects import Announce, DetectTalk, LeaveBridge, PlayDtmf, StartMusic, StopMusic
from ari_app.calls.stimuli import LegDigit, LegTalking
from tests.support.benches import Bench

LONG = ("sound:demo-congrats",) * 9


async def test_a_key_is_reported_of_the_phone_that_pressed_it_whatever_it_hears(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    await bench.press_key(a, "1")
    await bench.reported(LegDigit(a, "1"))
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    await bench.press_key(a, "2")
    await bench.reported(LegDigit(a, "2"))
    await bench.done(StartMusic(bench.number(), a, "default"))
    await bench.press_key(a, "*")
    await bench.reported(LegDigit(a, "*"))
    await bench.done(StopMusic(bench.number(), a))
    await bench.done(Announce(bench.number(), a, bench.new("playing"), "prompt", LONG))
    await bench.press_key(a, "#")
    await bench.reported(LegDigit(a, "#"))
    keys = [fact for fact in bench.facts if isinstance(fact, LegDigit)]
    assert keys == [LegDigit(a, digit) for digit in "12*#"]
    assert b not in {fact.leg for fact in keys}


async def test_digits_that_we_send_are_no_keys(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    await bench.done(PlayDtmf(bench.number(), a, "12"))
    await bench.received(a, "12")
    await bench.press_key(b, "7")
    await bench.reported(LegDigit(b, "7"))
    assert [fact for fact in bench.facts if isinstance(fact, LegDigit)] == [LegDigit(b, "7")]


async def test_who_begins_to_speak_and_stops_is_reported_where_it_is_requested(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    for leg in (a, b):
        await bench.done(DetectTalk(bench.number(), leg, 0.2))
        await bench.done(DetectTalk(bench.number(), leg, 0.3))  # requested again it goes on
        await bench.reported(LegTalking(leg, talking=True))
    bench.speak(b, False)
    await bench.reported(LegTalking(b, talking=False))
    bench.facts.clear()
    bench.speak(b, True)
    await bench.reported(LegTalking(b, talking=True))
    await bench.done(DetectTalk(bench.number(), a, None))
    bench.speak(a, False)
    bench.speak(b, False)
    await bench.reported(LegTalking(b, talking=False))
    assert LegTalking(a, talking=False) not in bench.facts


async def test_who_is_silent_when_it_is_requested_is_reported_when_they_speak(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    bench.speak(a, False)
    await bench.hears({(a, b)}, a, b)
    await bench.done(DetectTalk(bench.number(), a, 0.2))
    await bench.done(DetectTalk(bench.number(), b, 0.2))
    await bench.reported(LegTalking(b, talking=True))
    bench.speak(b, False)
    await bench.reported(LegTalking(b, talking=False))
    assert [fact for fact in bench.of_leg(a) if isinstance(fact, LegTalking)] == []
    bench.speak(a, True)
    await bench.reported(LegTalking(a, talking=True))
