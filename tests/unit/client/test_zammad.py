"""Zammad's caller log shows each call once: begun, answered, over, with the fields that its documentation lists."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic_core import to_json

from ari_app.api.notices import VIEWER
from ari_app.calls.model import Call, CallType, EndReason, Identity, Progress
from ari_app.calls.views import view
from ari_app.client.examples.zammad import application, reported
from ari_app.routing.directory import Directory, Role
from ari_app.routing.webhooks import Webhook
from ari_app.testing.webhooks import MemoryWebhooks
from ari_app.webhooks import envelope
from ari_app.webhooks.model import Event
from tests.support.receiver import SECRET
from tests.unit.api.fakes import NOW, call, party

HOST = "127.0.79.3"
COMMON = {"event", "from", "to", "direction", "callId", "user[]"}
"""Of its documentation (docs.zammad.org, Generic CTI): what all events may have; the rest by event."""
MORE = {"newCall": {"queue"}, "answer": {"answeringNumber"}, "hangup": {"cause", "answeringNumber"}}
NEEDED = {"event", "from", "to", "direction", "callId"}
CAUSES = {"normalClearing", "busy", "cancel", "noAnswer", "congestion", "notFound", "forwarded"}


class Zammad:
    """Checks what it is sent, as far as its documentation says what that is."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.status = 200

    async def start(self) -> "Zammad":
        app = web.Application()
        app.router.add_post("/api/v1/cti/{token}", self._event)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self.url = f"http://{HOST}:{self._runner.addresses[0][1]}/api/v1/cti/t0ken"
        return self

    async def _event(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/x-www-form-urlencoded"
        fields = await request.post()
        event = str(fields["event"])
        assert NEEDED <= fields.keys() <= COMMON | MORE[event]
        assert fields["direction"] in ("in", "out")
        assert len(str(fields["callId"])) <= 250
        assert str(fields["from"]).isdigit() or fields["from"] == "anonymous"
        assert event != "hangup" or fields["cause"] in CAUSES
        if self.status == 200:
            self.log.append({name: fields.getall(name) if name == "user[]" else fields[name] for name in fields})
        return web.json_response({}, status=self.status)

    async def stop(self) -> None:
        await self._runner.cleanup()


@pytest.fixture
async def zammad() -> AsyncIterator[Zammad]:
    started = await Zammad().start()
    yield started
    await started.stop()


@pytest.fixture
async def adapter(zammad: Zammad) -> AsyncIterator[str]:
    runner = web.AppRunner(application(zammad.url, SECRET))
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    yield f"http://{HOST}:{runner.addresses[0][1]}/"
    await runner.cleanup()


def shown(call_: Call) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(view(call_, VIEWER.id, Directory(), Role.SUPERVISOR)))
    return found


async def post(adapter: str, kind: str, call_: Call, secret: str = SECRET) -> int:
    return (await posted(adapter, kind, call_, secret))[0]


async def posted(adapter: str, kind: str, call_: Call, secret: str = SECRET) -> tuple[int, str]:
    data = f'{{"call":{json.dumps(shown(call_))}}}'
    text = envelope.body(Event("evt_1", kind, "call:c1", NOW, data), "urn:callcontrol:cc")
    headers = envelope.headers("evt_1", text, secret, time.time())
    async with aiohttp.ClientSession() as session, session.post(adapter, data=text.encode(), headers=headers) as got:
        return got.status, await got.text()


def inbound(**more: Any) -> Call:
    found = call("c1", party("p1"), party("p2", "alice", joined_at=NOW), dialled="+33140000001", **more)
    return replace(found, queue="support")


async def test_a_call_that_comes_in_is_begun_answered_and_over(adapter: str, zammad: Zammad) -> None:
    rings = replace(call("c1", party("p1"), dialled="+33140000001"), queue="support")
    talks = inbound(answered_at=NOW + 5)
    for kind, now in (
        ("call.created", rings), ("call.created", rings), ("call.updated", rings), ("call.updated", talks),
        ("call.updated", talks), ("call.ended", replace(talks, ended=True, end_reason=EndReason.HANGUP)),
    ):  # fmt: skip
        assert await post(adapter, kind, now) == 204
    common = {"from": "33612345678", "to": "33140000001", "direction": "in", "callId": "c1"}
    assert zammad.log == [
        {"event": "newCall", **common, "queue": "support"},
        {"event": "answer", **common, "user[]": ["alice"], "answeringNumber": "alice"},
        {"event": "hangup", **common, "user[]": ["alice"], "cause": "normalClearing", "answeringNumber": "alice"},
    ]


async def test_a_call_to_somebody_outside_is_out_and_names_its_agent(adapter: str, zammad: Zammad) -> None:
    ours = replace(party("p1", "alice"), identity=Identity("Alice", "1001"))
    dials = replace(call("c1", ours, party("p2", progress=Progress.RINGING)), type=CallType.OUTBOUND)
    await post(adapter, "call.created", dials)
    await post(adapter, "call.ended", replace(dials, ended=True, end_reason=EndReason.BUSY))
    assert [(x["event"], x["from"], x["to"], x["direction"], x["user[]"]) for x in zammad.log] == [
        ("newCall", "1001", "33612345678", "out", ["Alice"]),
        ("hangup", "1001", "33612345678", "out", ["Alice"]),
    ]
    assert zammad.log[-1]["cause"] == "busy"


async def test_while_zammad_takes_nothing_the_webhook_is_to_come_again(adapter: str, zammad: Zammad) -> None:
    zammad.status = 500
    assert await post(adapter, "call.created", inbound()) == 502
    zammad.status = 200
    assert await post(adapter, "call.created", inbound()) == 204
    assert [x["event"] for x in zammad.log] == ["newCall"]


async def test_the_token_of_zammad_is_in_no_answer(adapter: str, zammad: Zammad) -> None:
    zammad.status = 500
    status, text = await posted(adapter, "call.created", inbound())
    assert (status, text) == (502, "Zammad has not taken it: 500")


async def test_who_has_another_secret_reports_nothing(adapter: str, zammad: Zammad) -> None:
    assert await post(adapter, "call.created", inbound(), "whsec_" + "B" * 32) == 400
    assert zammad.log == []


@pytest.mark.parametrize("kind", ["application/cloudevents+json", "text/plain; charset=none-such"])
async def test_bytes_that_are_no_text_are_not_signed_as_they_must_be(adapter: str, zammad: Zammad, kind: str) -> None:
    headers = {"Content-Type": kind, "webhook-id": "evt_1", "webhook-timestamp": f"{time.time():.0f}"}
    headers["webhook-signature"] = "v1,AAAA"
    async with aiohttp.ClientSession() as session:
        for body in (b"\xff\xfe{", b"\x80", b""):
            async with session.post(adapter, data=body, headers=headers) as got:
                assert got.status == 400
    assert zammad.log == []


@pytest.mark.parametrize("reason", list(EndReason))
def test_every_end_of_a_call_has_a_cause_that_zammad_knows(reason: EndReason) -> None:
    (fields,), _ = reported("call.ended", shown(replace(inbound(), ended=True, end_reason=reason)), "begun")
    assert dict(fields)["cause"] in CAUSES


def test_who_withholds_their_number_is_anonymous() -> None:
    hidden = replace(party("p1"), identity=Identity("", "", anonymous=True))
    (fields,), _ = reported("call.created", shown(call("c1", hidden)), None)
    assert dict(fields)["from"] == "anonymous"


@pytest.mark.parametrize("kind", [CallType.INTERNAL, CallType.CONSULT])
def test_calls_among_agents_are_no_business_of_the_help_desk(kind: CallType) -> None:
    assert reported("call.created", shown(replace(inbound(), type=kind)), None) == ([], None)


async def test_the_adapter_takes_what_the_controller_sends(adapter: str, zammad: Zammad) -> None:
    """With nothing made up in between."""
    import asyncio

    from prometheus_client import CollectorRegistry

    from ari_app.webhooks.figures import Figures
    from ari_app.webhooks.outbox import Webhooks
    from tests.unit.webhooks.test_webhooks import until

    async def leads() -> bool:
        return True

    listed = {"zammad": Webhook("zammad", adapter, SECRET)}
    webhooks = Webhooks(MemoryWebhooks(), lambda: listed, Figures(CollectorRegistry()), "urn:callcontrol:cc", leads)
    task = asyncio.create_task(webhooks.run())
    event = Event("evt_1", "call.created", "call:c1", NOW, f'{{"call":{json.dumps(shown(inbound()))}}}')
    webhooks.put([(event, ["zammad"])], "call:c1", None)
    await until(lambda: [x["event"] for x in zammad.log] == ["newCall"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
