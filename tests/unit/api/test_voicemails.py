"""Messages that callers have left: who sees, hears, marks and deletes them, and that each is listed once."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import structlog

from ari_app.api import messages, sounds, voicemails
from ari_app.api.models.voicemails import VoicemailDocument
from ari_app.calls.model import Call, Identity, Listening, Mark, Message
from ari_app.errors import AsteriskUnavailable, StoreUnavailable
from ari_app.routing.webhooks import Webhook
from tests.unit.api.fakes import NOW, World, call, party
from tests.unit.api.test_notices import URL, Desk

SOUND = bytes(44) + bytes(16_000) * 5
DAY = 86_400.0
OLDEST = "callcontrol_oldest_unheard_seconds{"


def changed(world: World, before: Call | None, after: Call) -> Call:
    """The call is so from now on."""
    world.control.up[after.id] = after
    world.server.voicemails.call_changed(before, after)
    return after


def begins(world: World, name: str, at: float = NOW, **more: Any) -> Call:
    """A caller at a box begins to speak."""
    message = Message(name, "support", f"calls/{name}", greeted=True)
    greeted = changed(world, None, replace(call(f"c-{name}", party(f"{name}-p"), **more), message=message))
    world.files.there[f"calls/{name}"] = SOUND
    return changed(world, greeted, replace(greeted, message=replace(message, requested=True, begun_at=at)))


def over(world: World, before: Call, *, left: bool = True, seconds: float | None = 5.0) -> None:
    """They have said what they had to say."""
    assert before.message is not None
    message = replace(before.message, ended_at=NOW, left=left, seconds=seconds)
    after = changed(world, before, replace(before, message=message))
    changed(world, after, replace(after, ended=True))
    del world.control.up[before.id]


async def left(world: World, name: str, at: float = NOW, **more: Any) -> None:
    over(world, begins(world, name, at, **more))
    await world.server.voicemails.flush()


@pytest.fixture
async def boxes(world: World) -> AsyncIterator[World]:
    """The API, with what keeps messages going on."""
    task = asyncio.create_task(world.server.voicemails.run())
    yield world
    task.cancel()


async def listed(world: World, token: str, query: str = "") -> list[str]:
    answer = await world.ask("GET", f"/v1/voicemails?{query}", token=token)
    assert answer.status == 200, answer.text
    return [each["id"] for each in answer.json["voicemails"]]


async def marked(world: World, token: str, name: str, state: str) -> Any:
    answer = await world.ask("PUT", f"/v1/voicemails/{name}", token=token, json={"state": state})
    return answer.json if answer.status == 200 else answer.code


def unheard(world: World) -> str:
    (line,) = [x for x in world.metrics.exposition().decode().splitlines() if x.startswith("callcontrol_voicemails_")]
    return line


async def test_a_message_is_listed_once_it_is_over_for_those_whom_its_box_notifies(boxes: World, alice: str) -> None:
    dave, erin = await boxes.token("dave"), await boxes.token("erin")
    begun = begins(boxes, "v1", queue="sales", dialled="2000")
    await boxes.server.voicemails.flush()
    assert await listed(boxes, alice) == []
    assert (await boxes.ask("GET", "/v1/voicemails/v1", token=alice)).code == "not_found"
    over(boxes, begun)
    await boxes.server.voicemails.flush()
    assert [await listed(boxes, token) for token in (alice, dave, erin)] == [["v1"], [], ["v1"]]
    (shown,) = (await boxes.ask("GET", "/v1/voicemails?call=c-v1", token=alice)).json["voicemails"]
    assert shown == {
        "id": "v1",
        "box": "support",
        "call_id": "c-v1",
        "state": "new",
        "left_at": "2027-01-15T08:00:00.000Z",
        "seconds": 5.0,
        "name": "Contact",
        "number": "+33612345678",
        "anonymous": False,
        "queue": "sales",
        "dialled": "2000",
        "by": None,
        "marked_at": None,
    }
    assert unheard(boxes) == 'callcontrol_voicemails_unheard{box="support"} 1.0'


async def test_how_many_are_kept_in_all_and_unheard_of_each_number_is_counted_for_who_comes_next(
    boxes: World, alice: str
) -> None:
    noted: list[dict[str, int]] = []
    boxes.server.messages_kept = lambda counts: noted.append(dict(counts))
    begun = begins(boxes, "v0")
    await boxes.server.voicemails.flush()
    assert noted == [], "those that are being left their calls know"
    over(boxes, begun)
    await left(boxes, "v1")
    assert noted[-1] == {"support": 2, "support/+33612345678": 2}
    await marked(boxes, alice, "v1", "heard")
    assert noted[-1] == {"support": 2, "support/+33612345678": 1}
    await marked(boxes, alice, "v1", "done")
    await boxes.server.voicemails.catch_up()
    assert len(noted) == 3, "nobody is notified of what is as before"


async def test_the_last_comes_first_and_may_be_chosen_by_box_state_and_call(boxes: World, alice: str) -> None:
    for n in range(3):
        await left(boxes, f"v{n}", NOW + n)
    assert await listed(boxes, alice) == ["v2", "v1", "v0"]
    await marked(boxes, alice, "v1", "done")
    assert await listed(boxes, alice, "state=new") == ["v2", "v0"]
    assert await listed(boxes, alice, "state=done") == ["v1"]
    assert await listed(boxes, alice, "box=other") == []
    assert await listed(boxes, alice, "call=c-v0&box=support") == ["v0"]
    first = (await boxes.ask("GET", "/v1/voicemails?limit=2", token=alice)).json
    assert await listed(boxes, alice, f"limit=2&cursor={first['next']}") == ["v0"]


async def test_who_withholds_their_number_is_shown_without_it(boxes: World, alice: str) -> None:
    begun = begins(boxes, "v1")
    caller = replace(begun.parties["v1-p"], identity=Identity(anonymous=True))
    over(boxes, replace(begun, parties={caller.id: caller}))
    await boxes.server.voicemails.flush()
    (shown,) = (await boxes.ask("GET", "/v1/voicemails", token=alice)).json["voicemails"]
    assert (shown["name"], shown["number"], shown["anonymous"]) == ("", "", True)
    nobody = replace(begins(boxes, "v2"), parties={})
    over(boxes, changed(boxes, None, nobody))
    await boxes.server.voicemails.flush()
    assert await listed(boxes, alice, "call=c-v2") == ["v2"]


async def test_whoever_may_hear_a_message_hears_it_and_nobody_else(
    boxes: World, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await left(boxes, "v1")
    dave = await boxes.token("dave")
    assert (await boxes.ask("GET", "/v1/voicemails/v1", token=dave)).code == "not_found"
    async with boxes.http.get("/v1/voicemails/v1", headers={"Authorization": f"Bearer {alice}"}) as response:
        assert (response.status, await response.read(), response.content_type) == (200, SOUND, "audio/wav")
    assert [x.who for x in boxes.recorded if x.what == "get_voicemail"] == ["dave", "alice"]
    monkeypatch.setattr(sounds, "AT_ONCE", 0)
    assert (await boxes.ask("GET", "/v1/voicemails/v1", token=alice)).code == "too_many"


async def test_who_marks_a_message_is_named_and_everybody_concerned_is_notified(boxes: World, alice: str) -> None:
    bob, dave = await boxes.token("bob"), await boxes.token("dave")
    async with (
        boxes.http.ws_connect(f"/v1/events?token={bob}") as seen,
        boxes.http.ws_connect(f"/v1/events?token={dave}") as others,
    ):
        await seen.receive_json()
        await others.receive_json()
        await left(boxes, "v1")
        event = await seen.receive_json()
        assert (event["type"], event["voicemail"]["state"]) == ("voicemail.left", "new")
        shown = await marked(boxes, alice, "v1", "heard")
        assert (shown["state"], shown["by"], shown["marked_at"]) == ("heard", "alice", "2027-01-15T08:00:00.000Z")
        event = await seen.receive_json()
        assert (event["type"], event["voicemail"]["by"]) == ("voicemail.updated", "alice")
        assert await marked(boxes, alice, "v1", "heard") == shown  # nothing changes, and nobody is notified
        assert (await marked(boxes, bob, "v1", "done"))["by"] == "bob"
        assert (await seen.receive_json())["voicemail"]["state"] == "done"
        boxes.hub.failed("dave", "none", StoreUnavailable())
        assert (await others.receive_json())["type"] == "error"  # the first that dave hears of
    assert unheard(boxes).endswith(" 0.0")
    assert await marked(boxes, dave, "v1", "new") == "not_found"
    assert await marked(boxes, alice, "v9", "new") == "not_found"
    assert await marked(boxes, alice, "v1", "old") == "invalid"


def listens(world: World, before: Call | None, **marks: Mark) -> Call:
    """What Alice has heard at a phone."""
    begun = before or call("c-listens", party("a1", "alice"))
    return changed(world, before, replace(begun, listening=Listening("alice", marks=marks)))


async def test_what_an_agent_hears_at_their_phone_is_marked_in_their_name_and_everybody_concerned_is_notified(
    boxes: World, alice: str
) -> None:
    bob = await boxes.token("bob")
    for name in ("v1", "v2"):
        await left(boxes, name)
    async with boxes.http.ws_connect(f"/v1/events?token={bob}") as seen:
        await seen.receive_json()
        begun = listens(boxes, None)
        begun = listens(boxes, begun, v1=Mark("heard", NOW + 5))
        event = await seen.receive_json()
        shown = event["voicemail"]
        assert (event["type"], shown["id"], shown["state"], shown["by"]) == (
            "voicemail.updated",
            "v1",
            "heard",
            "alice",
        )
        assert shown["marked_at"] == "2027-01-15T08:00:05.000Z"
        begun = listens(boxes, begun, v1=Mark("heard", NOW + 5), v2=Mark("done", NOW + 6))
        assert (await seen.receive_json())["voicemail"]["state"] == "done"
    assert unheard(boxes).endswith(" 0.0")
    noted = [x for x in boxes.recorded if x.what == "mark_voicemail"]
    assert [(x.who, x.details["voicemail"], x.details["state"], x.details["by"]) for x in noted] == [
        ("alice", "v1", "heard", "phone"),
        ("alice", "v2", "done", "phone"),
    ]
    assert (await marked(boxes, bob, "v2", "new"))["state"] == "new"
    boxes.now += 60


async def test_what_somebody_has_marked_since_is_not_marked_again_after_a_restart(boxes: World, alice: str) -> None:
    bob = await boxes.token("bob")
    await left(boxes, "v1")
    begun = listens(boxes, None, v1=Mark("heard", NOW - 1))
    await boxes.server.voicemails.flush()
    assert (await marked(boxes, bob, "v1", "new"))["by"] == "bob"
    over_ = replace(begun, ended=True)
    await boxes.server.voicemails.catch_up([over_])
    assert await listed(boxes, alice, "state=new") == ["v1"]
    await marked(boxes, bob, "v1", "done")
    listens(boxes, None, v1=Mark("heard", NOW + 9), v9=Mark("heard", NOW + 9))
    await boxes.server.voicemails.flush()
    assert await listed(boxes, alice, "state=done") == ["v1"]


async def test_a_mark_that_the_store_does_not_take_is_reported(
    boxes: World, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voicemails, "AGAIN", 0.001)
    monkeypatch.setattr(voicemails, "TRIES", 1)
    await left(boxes, "v1")

    async def away(message: str, data: bytes, at: float) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(boxes.store, "keep_voicemail", away)
    with structlog.testing.capture_logs() as logs:
        listens(boxes, None, v1=Mark("heard", NOW + 5))
        await boxes.server.voicemails.flush()
    assert next(x for x in logs if x["event"] == "voicemail_not_marked")["voicemail"] == "v1"


async def test_who_oversees_sees_how_many_are_unheard_and_since_when_and_so_does_prometheus(
    boxes: World, alice: str
) -> None:
    erin = await boxes.token("erin")
    for name, at in (("v1", NOW - 60), ("v2", NOW - 10)):
        await left(boxes, name, at)

    async def live() -> tuple[dict[str, Any], float]:
        (shown,) = (await boxes.ask("GET", "/v1/live", token=erin)).json["voicemails"]
        (line,) = [x for x in boxes.metrics.exposition().decode().splitlines() if x.startswith(OLDEST)]
        return shown, float(line.rpartition(" ")[2])

    oldest = "2027-01-15T07:59:00.000Z"
    assert await live() == ({"box": "support", "name": "Support", "unheard": 2, "oldest_unheard_at": oldest}, 60.0)
    await marked(boxes, alice, "v1", "heard")
    shown, age = await live()  # of the other one
    assert (shown["unheard"], shown["oldest_unheard_at"], age) == (1, "2027-01-15T07:59:50.000Z", 10.0)
    await marked(boxes, alice, "v2", "done")
    shown, age = await live()
    assert (shown["unheard"], shown["oldest_unheard_at"], age) == (0, None, 0.0)


async def test_a_message_that_nobody_hears_is_an_alarm_until_somebody_does(boxes: World, alice: str) -> None:
    erin = await boxes.token("erin")
    directory = boxes.control.now_directory
    box = replace(directory.voicemail["support"], alarm_after=60.0)
    boxes.control.now_directory = replace(directory, voicemail={"support": box})

    async def alarms() -> list[tuple[str, str, float]]:
        found = (await boxes.ask("GET", "/v1/alarms", token=erin)).json["alarms"]
        return [(each["alarm"], each["subject"], each["value"]) for each in found]

    await left(boxes, "v1", NOW - 90)
    assert await alarms() == []  # what else there is was not read yet
    await boxes.server.voicemails.catch_up()
    assert await alarms() == [("unheard_message", "voicemail:support", 90.0)]
    await left(boxes, "v2", NOW - 10)
    await marked(boxes, alice, "v1", "heard")
    assert await alarms() == []
    await marked(boxes, alice, "v1", "new")
    assert len(await alarms()) == 1
    boxes.control.now_directory = replace(directory, voicemail={"support": replace(box, alarm_after=None)})
    await boxes.server.directory_changed()
    assert await alarms() == []
    boxes.control.now_directory = replace(directory, voicemail={"support": box})
    await boxes.server.directory_changed()
    assert len(await alarms()) == 1
    boxes.control.now_directory = replace(directory, voicemail={})
    await boxes.server.directory_changed()
    assert await alarms() == []


async def test_who_oversees_deletes_and_agents_do_not(boxes: World, alice: str) -> None:
    erin = await boxes.token("erin")
    await left(boxes, "v1")
    assert (await boxes.ask("DELETE", "/v1/voicemails/v1", token=alice)).code == "forbidden"
    boxes.files.away = True
    assert (await boxes.ask("DELETE", "/v1/voicemails/v1", token=erin)).code == "asterisk_unavailable"
    boxes.files.away = False
    async with boxes.http.ws_connect(f"/v1/events?token={alice}") as seen:
        await seen.receive_json()
        assert (await boxes.ask("DELETE", "/v1/voicemails/v1", token=erin)).status == 204
        assert (await seen.receive_json())["type"] == "voicemail.deleted"
    assert boxes.files.there == {}
    assert await listed(boxes, alice) == []
    assert (await boxes.ask("DELETE", "/v1/voicemails/v1", token=erin)).code == "not_found"


async def test_what_is_no_message_is_forgotten_with_its_file(boxes: World, alice: str) -> None:
    over(boxes, begins(boxes, "v1"), left=False)
    await boxes.server.voicemails.flush()
    assert (boxes.files.there, await boxes.store.voicemail("v1")) == ({}, None)
    boxes.files.away = True
    over(boxes, begins(boxes, "v2"), left=False)
    await boxes.server.voicemails.flush()
    assert await listed(boxes, alice) == []
    boxes.files.away = False
    await boxes.server.voicemails.forget_old()
    assert boxes.files.there == {}
    assert boxes.server.voicemails.unheard() == {"support": messages.Unheard()}


async def test_whoever_was_only_greeted_has_left_nothing(boxes: World) -> None:
    message = Message("v1", "support", "calls/v1", greeted=True)
    greeted = changed(boxes, None, replace(call("c1", party("p1")), message=message))
    changed(boxes, greeted, replace(greeted, ended=True, message=replace(message, ended_at=NOW)))
    changed(boxes, None, call("c2", party("p2")))
    await boxes.server.voicemails.flush()
    assert await boxes.store.voicemails(None, 10) == []


@pytest.mark.parametrize(("size", "seconds"), [(len(SOUND), 5.0), (44 + 16_000, None)])
async def test_the_file_says_how_long_a_message_is_whose_end_nobody_saw(
    boxes: World, alice: str, size: int, seconds: float | None
) -> None:
    begun = begins(boxes, "v1")
    boxes.files.there["calls/v1"] = bytes(size)
    over(boxes, begun, seconds=None)
    await boxes.server.voicemails.flush()
    found = (await boxes.ask("GET", "/v1/voicemails", token=alice)).json["voicemails"]
    assert [each["seconds"] for each in found] == ([seconds] if seconds is not None else [])


async def test_a_message_without_a_file_is_none_and_while_asterisk_is_away_it_is_one(boxes: World, alice: str) -> None:
    begun = begins(boxes, "v1")
    boxes.files.there.clear()
    over(boxes, begun, seconds=None)
    await boxes.server.voicemails.flush()
    assert await listed(boxes, alice) == []
    begun = begins(boxes, "v2")
    boxes.files.away = True
    over(boxes, begun, seconds=None)
    await boxes.server.voicemails.flush()
    assert await listed(boxes, alice) == ["v2"]


async def test_another_controller_completes_what_one_has_begun_and_notifies_nobody_twice(
    boxes: World, alice: str
) -> None:
    over_for_long = begins(boxes, "v1")
    just_over = begins(boxes, "v2", NOW + 1)
    goes_on = begins(boxes, "v3", NOW + 2)
    await left(boxes, "v0", NOW - 1)
    await marked(boxes, alice, "v0", "heard")
    notified: list[tuple[str, str]] = []
    another = voicemails.VoicemailsApi(
        boxes.control, boxes.store, boxes.files, sounds.Fetches(), boxes.recorded.append,
        lambda change, shown: notified.append((change, shown.id)), clock=boxes.clock,
    )  # fmt: skip
    task = asyncio.create_task(another.run())
    for call_ in (over_for_long, just_over):
        del boxes.control.up[call_.id]
    assert just_over.message is not None
    ended = replace(just_over, ended=True, message=replace(just_over.message, ended_at=NOW, left=True, seconds=7.0))
    for _ in range(2):
        await another.catch_up([ended])
        await another.flush()
    assert sorted(notified) == [("voicemail.left", "v1"), ("voicemail.left", "v2")]
    assert await listed(boxes, alice) == ["v2", "v1", "v0"]
    assert await listed(boxes, alice, "state=heard") == ["v0"]
    over(boxes, goes_on)
    await boxes.server.voicemails.flush()
    assert await listed(boxes, alice) == ["v3", "v2", "v1", "v0"]
    task.cancel()


async def test_a_store_that_is_away_for_a_while_loses_no_message(
    boxes: World, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voicemails, "AGAIN", 0.001)
    monkeypatch.setattr(voicemails, "TRIES", 2)
    kept, refused = boxes.store.keep_voicemail, 3

    async def away(message: str, data: bytes, at: float) -> None:
        nonlocal refused
        refused -= 1
        if refused >= 0:
            raise StoreUnavailable
        await kept(message, data, at)

    monkeypatch.setattr(boxes.store, "keep_voicemail", away)
    await left(boxes, "v1")  # that it has begun is lost after so many tries; that it is over is not
    assert await listed(boxes, alice) == ["v1"]

    async def gone(after: str | None, limit: int) -> list[bytes]:
        raise StoreUnavailable

    monkeypatch.setattr(boxes.store, "voicemails", gone)
    await boxes.server.voicemails.catch_up()


async def test_messages_are_kept_as_long_as_their_box_says(boxes: World, alice: str) -> None:
    await left(boxes, "v1", NOW - 31 * DAY)
    await left(boxes, "v2", NOW - 29 * DAY)
    await boxes.server.forget_old()
    assert await listed(boxes, alice) == ["v2"]
    assert sorted(boxes.files.there) == ["calls/v2"]
    assert [x.details["voicemail"] for x in boxes.recorded if x.what == "voicemail_forgotten"] == ["v1"]
    boxes.control.now_directory = replace(boxes.control.now_directory, voicemail={})
    await boxes.server.directory_changed()
    assert boxes.server.voicemails.unheard() == {}
    boxes.now += 2 * DAY
    await boxes.server.forget_old()
    assert boxes.files.there == {}


async def test_a_message_that_was_removed_past_the_api_is_shown_no_longer_and_is_no_alarm(
    boxes: World, alice: str
) -> None:
    async with boxes.http.ws_connect(f"/v1/events?token={alice}") as seen:
        await seen.receive_json()
        await left(boxes, "v1")
        await left(boxes, "v2")
        assert [(await seen.receive_json())["type"] for _ in range(2)] == ["voicemail.left"] * 2
        await boxes.store.forget_voicemail("v1")
        await boxes.server.forget_old()
        event = await seen.receive_json()
        assert (event["type"], event["voicemail"]["id"]) == ("voicemail.deleted", "v1")
        assert (event["voicemail"]["name"], event["voicemail"]["number"]) == ("", "")
    assert boxes.server.voicemails.unheard()["support"].count == 1


async def test_a_message_that_cannot_be_deleted_keeps_no_other(boxes: World, alice: str) -> None:
    for name, days in (("v1", 33), ("v2", 32), ("v3", 31)):
        await left(boxes, name, NOW - days * DAY)
    boxes.files.kept_by_force = {"calls/v2"}
    with pytest.raises(AsteriskUnavailable):
        await boxes.server.forget_old()
    assert await listed(boxes, alice) == ["v2"]


async def test_messages_of_a_box_that_has_another_name_now_are_kept_as_long_as_those_of_any(
    boxes: World, alice: str
) -> None:
    await left(boxes, "v1", NOW - 31 * DAY)
    another = {"help": replace(boxes.control.now_directory.voicemail["support"], id="help", keep_days=365.0)}
    boxes.control.now_directory = replace(boxes.control.now_directory, voicemail=another)
    await boxes.server.forget_old()
    assert sorted(boxes.files.there) == ["calls/v1"]


def test_receivers_of_webhooks_get_to_know_of_a_message_and_recognise_it_the_second_time() -> None:
    support = Webhook("crm", URL, whom=("group:support",))
    sales = Webhook("wall", URL, whom=("queue:sales",))
    desk = Desk(support, sales, Webhook("calls", URL, events=("call.ended",)))
    shown = VoicemailDocument(
        id="v1", box="support", call_id="c1", state="new", left_at="", seconds=1.0, name="", number="", anonymous=True,
        queue=None, dialled=None, by=None, marked_at=None,
    )  # fmt: skip
    for _ in range(2):
        desk.notices.voicemail_left(shown)
        (event, receivers) = desk.sent.all[-1]
        assert (event.id, event.kind, list(receivers)) == ("evt_v1", "voicemail.left", ["crm"])
        assert json.loads(event.data)["voicemail"]["id"] == "v1"
    desk.notices.voicemail_left(shown.model_copy(update={"queue": "sales", "box": "gone"}))
    assert list(desk.sent.all[-1][1]) == ["wall"]
    desk.sent.take()
    desk.notices.voicemail_left(shown.model_copy(update={"box": "gone"}))
    assert desk.sent.take() == []
