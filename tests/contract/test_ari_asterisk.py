"""What only the real Asterisk can show: displays, arrivals from the dialplan, fencing, `ari-app check`.

CC_ARI_URL, CC_ARI_USER, CC_ARI_PASSWORD, CC_BIND and CC_CARRIER say where it is; phones 1001 and 1002 are the demo's.
"""

import asyncio
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ari_app.ari import checks, findings
from ari_app.ari.asterisk import Asterisk, AsteriskSettings
from ari_app.ari.failures import AriError, Unreachable
from ari_app.ari.link import LinkState
from ari_app.calls.effects import CreateBridge, CreateLeg, DialLeg, HangUp, JoinBridge, ShowIdentity, StopMusic
from ari_app.calls.model import DialplanEntry, Identity, Outside, Phone
from ari_app.calls.stimuli import (
    AsteriskReconciled,
    ChannelArrived,
    EffectDone,
    LegAnswered,
    LegCreated,
    LegGone,
    LegHeldByPhone,
    LegRinging,
    LinkLost,
)
from ari_app.testing.asterisk import Behaviour
from tests.bots import Sound, answers, rings
from tests.support.benches import RealBench, real_lab, real_settings

ZOE = Identity('Zoé, & "Ørsted"', "+33123456789")


@pytest.fixture
async def bench() -> AsyncIterator[RealBench]:
    async with real_lab() as lab:
        bench = RealBench(real_settings(), lab)
        await bench.open()
        yield bench
        await bench.close()


async def arrive(bench: RealBench, *arguments: str, **variables: str) -> str:
    """A channel from elsewhere enters our application, as by Stasis() in the dialplan."""
    leg = bench.new("arrived")
    bench._legs.add(leg)
    await bench.asterisk.client.call(
        "channels",
        "create",
        endpoint="Local/nobody@nowhere/n",
        app=bench.settings.application,
        appArgs=",".join(arguments),
        channelId=leg,
        variables={"CALLERID(name)": "Zoé", "CALLERID(num)": "+33611111111", **variables},
    )
    return leg


def spoilt(settings: AsteriskSettings, what: str) -> AsteriskSettings:
    """Those settings with a wrong password, or the address of nobody."""
    if what == "password":
        return replace(settings, password="wrong&+#")
    return replace(settings, url="http://127.0.78.250:9")


async def arrived(bench: RealBench) -> ChannelArrived:
    return await bench.reported_of(ChannelArrived)


async def test_a_phone_that_was_dialled_before_the_connection_was_lost_is_answered_though_it_is_dialled_again(
    bench: RealBench,
) -> None:
    """It does not ring yet, and that it was dialled is not known, as after another process."""
    number = "+33900999001"
    await bench.lab.contact("slow", number, display="Slow", behaviour=answers(0.8, progress="100 alone"))
    leg = await bench.dial(Outside(number, "carrier"))
    bench.asterisk._requests._requested.clear()
    await bench.lose_link()
    await bench.reported(LinkLost())
    before = len(bench.facts)
    await bench.restore_link()
    while not any(isinstance(fact, AsteriskReconciled) for fact in bench.facts[before:]):
        await bench._next_fact()
    await bench.done(DialLeg(bench.number(), leg))
    await bench.reported(LegAnswered(leg))


# -- displays ---------------------------------------------------------------------------------------------------------


async def test_a_trunk_shows_name_and_number_as_they_are(bench: RealBench) -> None:
    person = await bench.person("one", Behaviour.RING)
    leg = await bench.dial(person, ZOE)
    await bench.reported(LegRinging(leg))
    await bench.lab[bench.bot_of[leg]].displays(number=ZOE.number, name=ZOE.name)


async def test_a_leg_joined_before_it_is_dialled_still_shows_what_it_was_created_with(bench: RealBench) -> None:
    """Two in a bridge, Asterisk would show each the other."""
    bridge, leg = bench.new("b"), bench.new("leg")
    await bench.done(CreateBridge(bench.number(), bridge))
    other = await bench.dial(await bench.person("one", Behaviour.ANSWER))
    await bench.reported(LegAnswered(other))
    await bench.done(JoinBridge(bench.number(), other, bridge))
    phone = await bench.lab.phone("phone", "1001", "phone-1001", behaviour=rings())
    await bench.done(CreateLeg(bench.number(), leg, Phone("1001"), Identity("Contact", "+3361"), "call"))
    await bench.reported(LegCreated(leg))
    await bench.done(JoinBridge(bench.number(), leg, bridge))
    await bench.done(DialLeg(bench.number(), leg))
    await phone.displays(name="Contact", number="+3361")


async def test_anonymous_reaches_neither_trunk_nor_phone(bench: RealBench) -> None:
    phone = await bench.lab.phone("phone", "1001", "phone-1001", behaviour=rings())
    person = await bench.person("one", Behaviour.RING)
    for destination, bot in ((person, None), (Phone("1001"), phone)):
        leg = await bench.dial(destination, Identity("Secret", "+33666", anonymous=True))
        await bench.reported(LegRinging(leg))
        shown = bot or bench.lab[bench.bot_of[leg]]
        await shown.displays(anonymous=True)
        invite = shown.call.invite
        assert invite is not None
        assert b"Secret" not in bytes(invite.request)
        assert b"33666" not in bytes(invite.request)
        assert invite.request.headers.get("privacy") == (["id"] if bot is None else [])


async def test_an_answered_phone_shows_a_new_identity_and_then_none(bench: RealBench) -> None:
    phone = await bench.lab.phone("phone", "1001", "phone-1001", behaviour=answers())
    leg = await bench.dial(Phone("1001"), Identity("First", "1"))
    await bench.reported(LegAnswered(leg))
    await phone.displays(name="First", number="1")
    await bench.done(ShowIdentity(bench.number(), leg, Identity("Élodie", "+33677")))
    await phone.displays(name="Élodie", number="+33677")
    await bench.done(ShowIdentity(bench.number(), leg, Identity(anonymous=True)))
    await phone.displays(anonymous=True)
    await bench.done(ShowIdentity(bench.number(), leg, Identity("Back", "2")))
    await phone.displays(name="Back", number="2")


async def test_a_phone_that_is_requested_to_answers_by_itself(bench: RealBench) -> None:
    await bench.lab.phone("phone", "1001", "phone-1001", behaviour=rings())
    leg = bench.new("leg")
    await bench.done(CreateLeg(bench.number(), leg, Phone("1001"), ZOE, "call", auto_answer=True))
    await bench.reported(LegCreated(leg))
    await bench.done(DialLeg(bench.number(), leg))
    await bench.reported(LegAnswered(leg))


async def test_answered_elsewhere_is_said_to_the_phone(bench: RealBench) -> None:
    leg = await bench.dial(await bench.person("one", Behaviour.RING))
    await bench.reported(LegRinging(leg))
    bot = bench.lab[bench.bot_of[leg]]
    await bench.done(HangUp(bench.number(), leg, answered_elsewhere=True))
    await bot.ended()
    assert "Call completed elsewhere" in bot.call.reason


async def test_a_phone_that_is_not_registered_cannot_be_created(bench: RealBench) -> None:
    failed = await bench.failed(CreateLeg(bench.number(), bench.new("leg"), Phone("1002"), ZOE, "call"))
    assert failed.reason == "Allocation failed"


async def test_after_a_conflict_a_failed_creation_is_not_taken_for_done(bench: RealBench) -> None:
    one = await bench.person("one", Behaviour.ANSWER)
    leg = bench.new("leg")
    for _ in range(2):
        await bench.done(CreateLeg(bench.number(), leg, one, ZOE, "call"))
    await bench.failed(CreateLeg(bench.number(), bench.new("leg"), Phone("no-such-phone"), ZOE, "call"))


async def test_the_hold_key_makes_asterisk_play_nothing_to_the_peer(bench: RealBench) -> None:
    """What the peer hears is the controller's to decide."""
    a, b, _ = await bench.conversation()
    peer = bench.lab[bench.bot_of[b]]
    await bench.hears({(a, b), (b, a)}, a, b)
    await bench.press_hold(a)
    await bench.reported(LegHeldByPhone(a))
    # Music takes 0.6 s to be distinguished from other sounds.
    await peer.until(lambda: peer.timeline.now.sound is not Sound.MUSIC, "hears no music", stable=1.5)


# -- arrivals ---------------------------------------------------------------------------------------------------------


async def test_a_channel_from_the_dialplan_arrives_with_verb_caller_and_attached_data(bench: RealBench) -> None:
    leg = await arrive(bench, "skill", "french>=3", CALL_DATA_Topic="billing", CALL_DATA_note="a, b & é", OTHER="x")
    fact = await arrived(bench)
    assert (fact.leg, fact.entry_verb, fact.args) == (leg, "skill", ("french>=3",))
    assert fact.caller == Identity("Zoé", "+33611111111")
    assert fact.user_data == {"topic": "billing", "note": "a, b & é"}
    assert fact.endpoint == "nobody@nowhere"


async def test_data_set_before_the_channel_came_to_us_is_attached(bench: RealBench) -> None:
    """As the dialplan does: the channel is not ours yet, only the subscription to all channels shows it."""
    up, came = asyncio.Event(), asyncio.Event()

    def tell(fact: object) -> None:
        (up if isinstance(fact, AsteriskReconciled) else came).set()

    elsewhere = f"{bench.settings.application}-other"
    other = Asterisk(replace(bench.settings, application=elsewhere), tell)
    other.start()
    leg = bench.new("arrived")
    bench._legs.add(leg)
    call = bench.asterisk.client.call
    try:
        async with asyncio.timeout(5):
            await up.wait()
            await call("channels", "create", endpoint="Local/nobody@nowhere/n", app=elsewhere, channelId=leg)
            await came.wait()
            await call("channels", "setChannelVar", channelId=leg, variable="CALL_DATA_Topic", value="billing")
            await call("channels", "move", channelId=leg, app=bench.settings.application, appArgs="queue,sales")
        fact = await arrived(bench)
    finally:
        await other.stop()
    assert (fact.leg, fact.entry_verb, fact.user_data) == (leg, "queue", {"topic": "billing"})


async def test_the_end_of_an_arrived_channel_is_reported_once(bench: RealBench) -> None:
    leg = await arrive(bench, "agent", "alice")
    await arrived(bench)
    await bench.done(HangUp(bench.number(), leg))
    await bench.reported(LegGone(leg, 16))
    await bench.done(HangUp(bench.number(), leg))
    assert len([fact for fact in bench.of_leg(leg) if isinstance(fact, LegGone)]) == 1


async def test_a_channel_that_waits_in_the_application_is_found_after_a_lost_connection(bench: RealBench) -> None:
    leg = await arrive(bench, "queue", "sales", "a", CALL_DATA_topic="billing")
    await arrived(bench)
    bench.facts.clear()
    await bench.lose_link()
    await bench.reported(LinkLost())
    await bench.restore_link()
    found_there = await bench.reported_of(AsteriskReconciled)
    found = next(channel.arrived for channel in found_there.channels if channel.leg == leg)
    assert found is not None
    assert (found.entry_verb, found.args) == ("queue", ("sales", "a"))
    assert found.user_data == {"topic": "billing"}


async def test_an_entry_of_the_dialplan_that_does_not_exist_ends_by_itself(bench: RealBench) -> None:
    leg = await bench.dial(DialplanEntry("no-such-entry"))
    gone = await bench.reported_of(LegGone)
    assert gone.leg == leg


# -- the connection ---------------------------------------------------------------------------------------------------


async def test_the_newer_controller_fences_the_older_which_stays_silent(bench: RealBench) -> None:
    a, b, _ = await bench.conversation()
    facts: list[Any] = []
    news = asyncio.Event()

    def tell(fact: object) -> None:
        facts.append(fact)
        news.set()

    newer = Asterisk(bench.settings, tell)
    newer.start()
    async with asyncio.timeout(5):
        while not facts:
            await news.wait()
        await bench.fenced.wait()
    assert isinstance(facts[0], AsteriskReconciled)
    assert {a, b} <= {channel.leg for channel in facts[0].channels}
    assert bench.asterisk.state is LinkState.FENCED
    failed = await bench.failed(StopMusic(bench.number(), a))
    assert failed.reason == "another controller has taken over"
    assert newer.state is LinkState.UP
    await newer.stop()


async def test_a_fenced_controller_can_take_over_again(bench: RealBench) -> None:
    fenced = asyncio.Event()
    newer = Asterisk(bench.settings, lambda fact: None, fenced.set)
    newer.start()
    async with asyncio.timeout(5):
        await bench.fenced.wait()
    bench.facts.clear()
    bench.asterisk.start()
    await bench.reported_of(AsteriskReconciled)
    await bench.done(CreateBridge(bench.number(), bench.new("b")))
    async with asyncio.timeout(5):
        await fenced.wait()  # reported on a socket of its own, in its own time
    assert newer.state is LinkState.FENCED
    await newer.stop()


@pytest.mark.parametrize("wrong", ["password", "url"])
async def test_a_wrong_address_or_password_is_tried_again_and_reported_to_nobody(wrong: str) -> None:
    facts: list[object] = []
    asterisk = Asterisk(spoilt(real_settings(), wrong), facts.append)
    tries = asyncio.Semaphore(0)
    describe = asterisk.client.describe

    async def counted() -> None:
        tries.release()
        await describe()

    asterisk.client.describe = counted  # type: ignore[method-assign]
    asterisk.start()
    async with asyncio.timeout(5):
        for _ in range(3):
            await tries.acquire()
    assert asterisk.state is not LinkState.UP
    assert facts == []
    await asterisk.stop()


async def test_an_effect_taken_on_while_stopping_is_answered(bench: RealBench) -> None:
    effect = CreateBridge(bench.number(), bench.new("b"))
    bench.execute(effect)
    await bench.reported(EffectDone(effect.number))
    assert bench.asterisk.pending == 0


SOUNDS = "/usr/share/asterisk/sounds"
NO_SOUND = "there is no such sound file that Asterisk can play in"
PUT_ONE = ": put one into sounds/<language>, or sounds, beside callcentre.yaml"


# -- ari-app check ----------------------------------------------------------------------------------------------------


async def test_check_finds_what_asterisk_lacks_and_nothing_else() -> None:
    settings = real_settings()
    wanted = findings.Wanted(
        modules=("func_talkdetect.so", "func_nothing.so"),
        phones=("1001", "no-such-phone"),
        trunks=("carrier", "no-such-trunk"),
        music_classes=("default", "no-such-music"),
        entries=("no-such-entry",),
        sounds=("sound:beep", "sound:no-such-sound", "tone:ring", f"sound:{SOUNDS}/fr/beep", "sound:/nowhere/beep"),
    )
    async with checks.connect(settings.url, settings.user, settings.password, settings.application) as asterisk:
        assert (await asterisk.version()).startswith("22.")
        found = await asterisk.findings(wanted)
    assert {(finding.subject, finding.name) for finding in found} == {
        (findings.Subject.MODULE, "func_nothing.so"),
        (findings.Subject.PHONE, "no-such-phone"),
        (findings.Subject.TRUNK, "no-such-trunk"),
        (findings.Subject.MUSIC, "no-such-music"),
        (findings.Subject.DIALPLAN, "no-such-entry"),
        (findings.Subject.SOUND, "no-such-sound"),
        (findings.Subject.SOUND, "/nowhere/beep"),
    }


async def test_check_names_the_language_that_lacks_a_sound_and_music_without_files(tmp_path: Path) -> None:
    settings = real_settings()
    wanted = findings.Wanted(
        sounds=("sound:beep", "sound:fr/beep", "sound:custom/own", "sound:custom/nothing"),
        languages=("en", "fr", "nl"),
        music_classes=("default", "crowd"),
        folder=tmp_path,
    )
    async with checks.connect(settings.url, settings.user, settings.password, settings.application) as asterisk:
        found = {finding.name: finding.advice for finding in await asterisk.findings(wanted)}
        assert found == {
            "beep": f"{NO_SOUND} nl",
            "custom/own": f"{NO_SOUND} nl{PUT_ONE}",
            "custom/nothing": f"{NO_SOUND} en and fr and nl{PUT_ONE}",
            "crowd": "there are no files in /etc/asterisk/music/crowd, the directory of that class",
        }
        (tmp_path / "music" / "crowd").mkdir(parents=True)
        (tmp_path / "music" / "crowd" / "one.wav").touch()
        (tmp_path / "sounds").mkdir()
        with wave.open(str(tmp_path / "sounds" / "nothing.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(b"\0\0" * 800)
        again = findings.Wanted(
            music_classes=("crowd",), sounds=("sound:custom/nothing",), languages=("nl",), folder=tmp_path
        )
        assert await asterisk.findings(again) == []


@pytest.mark.parametrize(("wrong", "error"), [("password", AriError), ("url", Unreachable)])
async def test_check_says_that_asterisk_cannot_be_reached(wrong: str, error: type[AriError]) -> None:
    settings = spoilt(real_settings(), wrong)
    with pytest.raises(error):
        async with checks.connect(settings.url, settings.user, settings.password, settings.application):
            pass
