"""The events are described as they are sent."""

import json
from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from jsonschema_rs import validator_for
from pydantic import TypeAdapter, ValidationError

from ari_app.api.alarms import AlarmBoard
from ari_app.api.asyncapi import asyncapi
from ari_app.api.event_models import EVENTS
from ari_app.api.event_models import Event as SocketEvent
from ari_app.api.examples import ANSWERS
from ari_app.api.models.recordings import RecordingDocument, RecordingsDocument
from ari_app.api.notices import Notices
from ari_app.api.webhook_models import NOTICES, WebhookEvent
from ari_app.api.webhooks_api import NoReceivers
from ari_app.calls.hearing import Ear
from ari_app.calls.model import Alarm
from ari_app.errors import Code, Refused
from ari_app.routing.targets import parse_target
from ari_app.routing.webhooks import Webhook
from ari_app.webhooks.envelope import body
from ari_app.webhooks.model import Event
from tests.unit.api.fakes import DOCUMENT, HOST, NOW, FakeAgents, FakeControl, World, call, party

EVENT: TypeAdapter[Any] = TypeAdapter(SocketEvent)


async def document(world: World) -> Any:
    return (await world.ask("GET", "/v1/asyncapi.json")).json


async def test_all_that_it_refers_to_is_there_and_every_message_belongs_to_the_channel(world: World) -> None:
    described = await document(world)
    assert described["asyncapi"] == "3.0.0"
    text = json.dumps(described)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        found = described
        for name in reference.split("/"):
            found = found[name]
    assert set(described["channels"]["events"]["messages"]) == {model.__name__ for model in EVENTS} | {
        "Subscribe",
        "Unsubscribe",
    }
    assert set(described["channels"]["webhooks"]["messages"]) == {model.__name__ for model in NOTICES}
    assert (await world.ask("GET", "/v1/asyncapi.json")).json == described


async def test_every_event_that_is_sent_is_described(world: World) -> None:
    erin = await world.token("erin")
    window = await world.http.ws_connect(f"http://{HOST}:{world.port}/v1/events?token={erin}")
    found = call("c1", party("p1"), party("p2", "erin"))
    world.control.up["c1"] = found
    world.control.ears["c1"] = (Ear("p1", ("p2",), "talk"),)
    hub = world.hub
    hub.call_changed(None, found)
    hub.call_changed(found, found)
    hub.alarm(found, Alarm.HELD_TOO_LONG)
    hub.emergency("bob", "1002", "112")
    world.server.alarms.emergency("bob", "1002", "112")
    hub.agent_changed(world.agents.records["erin"])
    hub.target_changed(parse_target("group:support"), 3, NOW)
    hub.failed("erin", "hold", Refused(Code.INVALID, "no"))
    world.server.phone_changed("erin")
    world.server.board.look()
    await window.send_json({"type": "subscribe", "targets": ["agent:bob"]})
    hub.hearing_changed(["c1"])
    seen: set[str] = set()
    wanted = {"snapshot", "call.created", "call.alarm", "call.hearing", "agent.updated", "target.updated", "error"}
    wanted |= {"phone.updated", "emergency.dialled", "alarm.raised", "queue.updated", "subscribed"}
    whole = validator_for({**DOCUMENT["components"]["schemas"]["Event"], "components": DOCUMENT["components"]})
    while not wanted <= seen:
        text = await window.receive_str()
        EVENT.validate_json(text)
        whole.validate(json.loads(text))
        seen.add(json.loads(text)["type"])
    await window.close()


def test_what_receivers_of_webhooks_are_sent_is_described() -> None:
    control, agents, sent = FakeControl(), FakeAgents(), list[Event]()
    control.receivers = {"crm": Webhook("crm", "https://crm.example.org")}

    class Changes(NoReceivers):
        def put(self, events: Sequence[tuple[Event, Sequence[str]]], line: str, known: object) -> None:
            sent.extend(event for event, _ in events)

    notices = Notices(control, agents, Changes(), lambda: NOW)
    alarms = AlarmBoard(control, notices.alarm, lambda: NOW, lambda seconds, work: Mock())
    notices.call_changed(call("c1", party("p1"), party("p2", "erin")))
    notices.call_changed(call("c1", party("p1"), ended=True))
    notices.agent_changed(agents.records["erin"])
    alarms.emergency("erin", "1005", "112")
    notices.recorded(RecordingDocument.model_validate(ANSWERS[RecordingsDocument]["recordings"][0]), frozenset())
    adapter: TypeAdapter[Any] = TypeAdapter(WebhookEvent)
    described = asyncapi()
    for event in sent:
        text = body(event, "urn:callcontrol:cc")
        adapter.validate_json(text)
        name = type(adapter.validate_json(text)).__name__
        schema = {**described["components"]["schemas"][name], "components": described["components"]}
        validator_for(schema).validate(json.loads(text))
    assert [event.kind for event in sent] == [
        "call.created",
        "call.ended",
        "agent.updated",
        "alarm.raised",
        "call.recorded",
    ]


def test_what_is_not_described_is_not_taken_for_an_event() -> None:
    with pytest.raises(ValidationError):
        EVENT.validate_python({"type": "call.hearing", "seq": 1, "at": "", "call_id": "c", "matrix": [], "more": 1})
