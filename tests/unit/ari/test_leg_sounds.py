"""What ends a sound for certain: in a bridge one request for it is now and then lost in Asterisk."""

import pytest

from ari_app.ari.failures import ChannelGone
from ari_app.ari.requests import Requests
from ari_app.calls.effects import (
    AsteriskEffect,
    JoinBridge,
    LeaveBridge,
    StartMusic,
    StartRinging,
    StartSilence,
    StopMusic,
    StopRinging,
    StopSilence,
)
from tests.unit.ari.requested import GONE, Recorder, of

JOIN, LEAVE = JoinBridge(1, "leg", "b"), LeaveBridge(1, "leg", "b")
OTHER = JoinBridge(1, "other", "b")
ANOTHER_TAKES_ITS_PLACE = [of("ring"), of("ringStop")]


async def _requested(requests: Requests, client: Recorder, *effects: AsteriskEffect) -> list[object]:
    """What is requested for the last one."""
    for effect in effects:
        client.take()
        await requests.perform(effect)
    return [*client.take()]


@pytest.mark.parametrize(
    ("end", "operation"), [(StopMusic(1, "leg"), "stopMoh"), (StopSilence(1, "leg"), "stopSilence")]
)
async def test_music_and_silence_in_a_bridge_end_whatever_asterisk_is_doing(
    requests: Requests, client: Recorder, end: StopMusic | StopSilence, operation: str
) -> None:
    assert await _requested(requests, client, JOIN, OTHER, end) == [of(operation), *ANOTHER_TAKES_ITS_PLACE]
    assert await _requested(requests, client, LEAVE, end) == [of(operation)]
    assert not requests.may_follow(end, [JOIN])
    assert requests.may_follow(end, [LEAVE])
    await requests.perform(JOIN)
    assert not requests.may_follow(end, [])


async def test_ringing_ends_by_the_first_voice_but_for_who_is_alone(requests: Requests, client: Recorder) -> None:
    end = StopRinging(1, "leg")
    assert await _requested(requests, client, JOIN, end) == [of("ringStop"), *ANOTHER_TAKES_ITS_PLACE]
    assert not requests.may_follow(end, [])
    assert await _requested(requests, client, OTHER, end) == [of("ringStop")]
    assert requests.may_follow(end, [])
    requests.forget("other")
    assert await _requested(requests, client, end) == [of("ringStop"), *ANOTHER_TAKES_ITS_PLACE]


@pytest.mark.parametrize("begin", [StartMusic(1, "leg", "jazz"), StartRinging(1, "leg"), StartSilence(1, "leg")])
async def test_a_sound_that_begins_in_a_bridge_is_one_request(
    requests: Requests, client: Recorder, begin: StartMusic | StartRinging | StartSilence
) -> None:
    assert len(await _requested(requests, client, JOIN, begin)) == 1
    assert requests.may_follow(begin, [JOIN])


async def test_nothing_more_is_requested_of_who_has_gone_meanwhile(requests: Requests, client: Recorder) -> None:
    await requests.perform(JOIN)
    client.refusals["stopMoh"] = GONE
    client.take()
    with pytest.raises(ChannelGone):
        await requests.perform(StopMusic(1, "leg"))
    assert client.take() == [of("stopMoh")]
