"""What receivers over HTTP get, however they behave: all of it, in order, and none holds up another."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from ari_app.errors import StoreUnavailable
from ari_app.routing.webhooks import Webhook
from ari_app.tasks import keep_on, watch_faults
from ari_app.testing.webhooks import MemoryWebhooks
from ari_app.webhooks import outbox as outbox_module
from ari_app.webhooks import retries
from ari_app.webhooks.figures import Figures
from ari_app.webhooks.model import Event, Followed, Waiting
from ari_app.webhooks.outbox import Webhooks
from ari_app.webhooks.posting import HttpPost, may_be_reached
from tests.support.receiver import SECRET, Receiver

WITHIN = 5.0


async def until(holds: Callable[[], bool]) -> None:
    """Raises: TimeoutError where it does not hold in time."""
    async with asyncio.timeout(WITHIN):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def event(number: int, line: str = "call:1") -> Event:
    return Event(f"evt_{number}", "call.updated", line, 1_800_000_000.0, json.dumps({"n": number}))


class Flaky(MemoryWebhooks):
    """May be away."""

    away = False

    async def keep_events(self, *args: Any) -> Any:
        if self.away:
            raise StoreUnavailable
        return await super().keep_events(*args)


async def _no_pause(seconds: float) -> None:
    """What has failed is begun anew at once."""


class Centre:
    """The part of a controller that tells receivers; `store` outlives it."""

    def __init__(self, store: MemoryWebhooks, receivers: dict[str, Receiver]) -> None:
        self.listed = {name: Webhook(name, receiver.url, SECRET) for name, receiver in receivers.items()}
        self.registry = CollectorRegistry()
        self.leads = True
        self.webhooks = Webhooks(
            store, lambda: self.listed, Figures(self.registry), "urn:callcontrol:test", self._leads
        )
        self._task = asyncio.create_task(keep_on(self.webhooks.run, _no_pause))

    async def _leads(self) -> bool:
        return self.leads

    def tell(self, *events: Event) -> None:
        for one in events:
            self.webhooks.put([(one, list(self.listed))], one.line, None)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


type Begin = Callable[..., Coroutine[None, None, Centre]]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for minutes."""
    monkeypatch.setattr(retries, "PAUSES", (0.02, 0.04))
    monkeypatch.setattr(retries, "RESTS", (0.05,))


@pytest.fixture
async def crm() -> AsyncIterator[Receiver]:
    receiver = await Receiver().start()
    yield receiver
    await receiver.stop()


@pytest.fixture
async def wall() -> AsyncIterator[Receiver]:
    receiver = await Receiver().start()
    yield receiver
    receiver.open.set()
    await receiver.stop()


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    begun: list[Centre] = []

    async def begin(store: MemoryWebhooks, **receivers: Receiver) -> Centre:
        begun.append(Centre(store, receivers))
        return begun[-1]

    yield begin
    for centre in begun:
        await centre.stop()


def numbers(receiver: Receiver) -> list[int]:
    return [taken["data"]["n"] for taken in receiver.taken]


async def test_what_happens_arrives_signed_as_a_cloud_event(crm: Receiver, begin: Begin) -> None:
    centre = await begin(MemoryWebhooks(), crm=crm)
    centre.tell(event(1))
    await until(lambda: len(crm.taken) == 1)
    (posted,) = crm.got
    assert posted.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert posted.id == "evt_1"
    assert posted.event == {
        "specversion": "1.0",
        "id": "evt_1",
        "source": "urn:callcontrol:test",
        "type": "call.updated",
        "subject": "call:1",
        "time": "2027-01-15T08:00:00.000Z",
        "datacontenttype": "application/json",
        "data": {"n": 1},
    }


async def test_events_of_a_call_arrive_in_their_order_also_where_each_is_refused_at_first(
    crm: Receiver, begin: Begin
) -> None:
    seen: set[str] = set()

    def at_first(event: Any) -> int:
        first = event["id"] not in seen
        seen.add(event["id"])
        return 500 if first else 200

    crm.answer = at_first
    centre = await begin(MemoryWebhooks(), crm=crm)
    centre.tell(*(event(n) for n in range(6)))
    await until(lambda: len(crm.taken) == 6)
    assert numbers(crm) == list(range(6))


async def test_one_event_that_is_refused_for_ever_holds_up_no_other_call(crm: Receiver, begin: Begin) -> None:
    crm.answer = lambda event: 500 if event["subject"] == "call:poison" else 200
    centre = await begin(MemoryWebhooks(), crm=crm)
    centre.tell(event(0, "call:poison"), *(event(n) for n in range(1, 30)))
    await until(lambda: len(crm.taken) == 29)
    assert numbers(crm) == list(range(1, 30))


async def test_a_receiver_that_does_not_answer_slows_no_other(crm: Receiver, wall: Receiver, begin: Begin) -> None:
    wall.open.clear()
    centre = await begin(MemoryWebhooks(), crm=crm, wall=wall)
    centre.tell(*(event(n, f"call:{n}") for n in range(50)))
    await until(lambda: len(crm.taken) == 50)
    assert wall.taken == []
    wall.open.set()
    await until(lambda: len(wall.taken) == 50)


async def test_one_that_is_dead_gets_all_when_it_is_back(crm: Receiver, begin: Begin) -> None:
    centre = await begin(MemoryWebhooks(), crm=crm)
    await crm.stop()
    with capture_logs() as logs:
        centre.tell(*(event(n, f"call:{n % 3}") for n in range(12)))
        await until(lambda: any(line["event"] == "webhook_failing" for line in logs))
        found = centre.webhooks.standing("crm")
        assert found is not None
        assert found.health.failing_since is not None
        assert "Cannot connect" in found.health.error
        await crm.start()
        await until(lambda: len(crm.taken) == 12)
        await until(lambda: any(line["event"] == "webhook_works_again" for line in logs))
    assert [line["event"] for line in logs].count("webhook_failing") == 1
    for line in range(3):
        assert [n for n in numbers(crm) if n % 3 == line] == list(range(line, 12, 3))


async def test_a_controller_that_takes_over_brings_what_the_last_one_kept(crm: Receiver, begin: Begin) -> None:
    store = MemoryWebhooks()
    crm.answer = lambda event: 500
    first = await begin(store, crm=crm)
    first.tell(*(event(n) for n in range(5)))
    await until(lambda: len(crm.got) >= 2)
    await first.stop()
    crm.answer = lambda event: 200
    await begin(store, crm=crm)
    await until(lambda: len(crm.taken) == 5)
    assert numbers(crm) == list(range(5))


async def test_one_that_leads_no_more_sends_nothing(crm: Receiver, begin: Begin) -> None:
    store = MemoryWebhooks()
    first = await begin(store, crm=crm)
    first.leads = False
    first.tell(event(1))
    await first.webhooks.flush()
    await begin(store, crm=crm)
    await until(lambda: len(crm.taken) == 1)
    assert len(crm.got) == 1


async def test_where_it_is_sent_on_to_nobody_follows(crm: Receiver, wall: Receiver, begin: Begin) -> None:
    crm.answer, crm.headers = lambda event: 307, {"Location": wall.url}
    centre = await begin(MemoryWebhooks(), crm=crm)
    centre.tell(event(1))
    await until(lambda: len(crm.got) >= 3)
    assert wall.got == []
    found = centre.webhooks.standing("crm")
    assert found is not None
    assert "redirects are not followed" in found.health.error


async def test_one_that_wants_no_more_is_left_alone_until_an_administrator_has_it_tried(
    crm: Receiver, wall: Receiver, begin: Begin
) -> None:
    store = MemoryWebhooks()
    crm.answer = lambda event: 410
    centre = await begin(store, crm=crm)
    centre.tell(event(1), event(2))
    await until(lambda: bool((found := centre.webhooks.standing("crm")) and found.health.stopped))
    assert len(crm.got) == 1
    await centre.stop()
    crm.answer = lambda event: 200
    again = await begin(store, crm=crm, wall=wall)
    await until(lambda: bool((found := again.webhooks.standing("crm")) and found.health.stopped))
    wall.answer = lambda event: 200 if len(wall.got) > retries.IN_VAIN else 500  # longer than the next try is away
    again.tell(event(3))
    await until(lambda: numbers(wall) == [3])
    assert len(crm.got) == 1  # it is known also to who takes over
    await again.webhooks.retry("crm")
    await until(lambda: numbers(crm) == [1, 2, 3])
    found = again.webhooks.standing("crm")
    assert found is not None
    assert not found.health.stopped


async def test_what_is_given_up_is_kept_as_a_dead_letter_and_can_be_had_again(
    crm: Receiver, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "DAY", 0.2)
    crm.answer = lambda event: 503
    centre = await begin(MemoryWebhooks(), crm=crm)
    centre.tell(event(1), event(2))
    await until(lambda: bool((found := centre.webhooks.standing("crm")) and found.dead == 2))
    letters = await centre.webhooks.dead_letters("crm", None, 10)
    assert [(letter.id, letter.reason) for letter in letters] == [("evt_2", "expired"), ("evt_1", "expired")]
    monkeypatch.setattr(retries, "DAY", 86_400.0)
    crm.answer = lambda event: 200
    await centre.webhooks.forget_old(0)
    assert await centre.webhooks.retry("crm") == 2
    await until(lambda: numbers(crm) == [1, 2])
    assert await centre.webhooks.dead_letters("crm", None, 10) == []
    assert centre.registry.get_sample_value("callcontrol_webhook_dead_total", {"receiver": "crm"}) == 2


async def test_while_the_store_is_away_what_happens_waits(crm: Receiver, begin: Begin) -> None:
    store = Flaky()
    store.away = True
    with capture_logs() as logs:
        centre = await begin(store, crm=crm)
        centre.tell(event(1), event(2))
        await until(lambda: any(line["event"] == "webhook_events_not_kept" for line in logs))
    assert crm.got == []
    store.away = False
    await until(lambda: numbers(crm) == [1, 2])


async def test_what_waits_for_a_store_that_is_away_has_a_bound(
    crm: Receiver, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "MOST_UNKEPT", 3)
    store = Flaky()
    store.away = True
    centre = await begin(store, crm=crm)
    with capture_logs() as logs:
        centre.tell(*(event(n) for n in range(5)))
    assert [line["event"] for line in logs] == ["webhook_events_lost"]
    assert centre.registry.get_sample_value("callcontrol_webhook_lost_total") == 2


async def test_a_receiver_that_is_taken_out_of_the_file_is_forgotten(crm: Receiver, begin: Begin) -> None:
    store = MemoryWebhooks()
    crm.answer = lambda event: 500
    centre = await begin(store, crm=crm)
    centre.tell(event(1))
    await until(lambda: len(crm.got) >= 1)
    centre.listed = {}
    centre.webhooks.configured()
    await until(lambda: "crm" not in store._to)
    assert centre.webhooks.standing("crm") is None


async def test_nothing_is_kept_for_whom_the_file_does_not_list(crm: Receiver, begin: Begin) -> None:
    store = MemoryWebhooks()
    centre = await begin(store, crm=crm)
    centre.webhooks.put([(event(1), ["crm", "nobody"])], "call:1", None)
    await until(lambda: numbers(crm) == [1])
    assert await store.events_waiting("nobody") == []


async def test_one_that_has_another_address_gets_there_what_waits(crm: Receiver, wall: Receiver, begin: Begin) -> None:
    crm.answer = lambda event: 410
    centre = await begin(MemoryWebhooks(), crm=crm)
    centre.tell(event(1))
    await until(lambda: bool((found := centre.webhooks.standing("crm")) and found.health.stopped))
    centre.listed = {"crm": replace(centre.listed["crm"], url=wall.url)}
    centre.webhooks.configured()
    await until(lambda: numbers(wall) == [1])


async def test_what_receivers_know_is_kept_with_the_event(crm: Receiver, begin: Begin) -> None:
    store = MemoryWebhooks()
    centre = await begin(store, crm=crm)
    centre.webhooks.put([(event(1), ["crm"])], "call:1", Followed("{}", ("crm",)))
    await centre.webhooks.flush()
    assert await store.known_lines() == {"call:1": Followed("{}", ("crm",))}
    centre.webhooks.put([(event(2), ["crm"])], "call:1", None)
    await centre.webhooks.flush()
    assert await store.known_lines() == {}


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("192.0.2.1", True),
        ("10.1.2.3", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("100.100.100.200", False),
        ("100.100.100.201", True),
        ("168.63.129.16", False),
        ("192.0.0.192", False),
        ("fd00:ec2::254", False),
        ("fd20:ce::254", False),
        ("fd00:ec2::255", True),
        ("2001:db8::1", True),
        ("::ffff:169.254.169.254", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:192.0.2.1", True),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b::192.0.2.1", True),
        ("2002:a9fe:a9fe::1", False),
        ("::169.254.169.254", False),
        ("::", False),
    ],
)
def test_a_name_that_leads_to_this_machine_or_its_cloud_is_not_followed(address: str, reached: bool) -> None:
    assert may_be_reached(address, loopback=False) is reached


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fe80::1", "::ffff:169.254.169.254", "127.0.0.1"]
)
async def test_nothing_is_sent_by_a_name_of_the_dns_that_leads_to_a_clouds_metadata(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the name led to when the file was read."""
    tried: list[str] = []

    def look_up(host: str, port: int, *_: object) -> list[tuple[Any, ...]]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    async def connect(*_: object, addr_infos: list[tuple[Any, ...]], **__: object) -> socket.socket:
        tried.extend(str(info[-1][0]) for info in addr_infos)
        raise OSError("nobody is to come here")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr("aiohappyeyeballs.start_connection", connect)
    post = HttpPost("http://crm.example.org/hook")
    try:
        answer = await post.send("{}", {})
    finally:
        await post.close()
    assert answer.status == 0
    assert "no address that events may go to" in answer.error
    assert tried == []


async def test_a_name_of_this_machine_is_reached_where_the_file_says_so(crm: Receiver) -> None:
    assert may_be_reached("127.0.0.1", loopback=True)
    receiver = await Receiver("127.0.0.1").start()
    post = HttpPost(f"http://localhost:{receiver.port}/hook")
    try:
        answer = await post.send("{}", {})
        assert answer.status == 500  # it was not signed
    finally:
        await post.close()
        await receiver.stop()


async def test_a_fault_of_ours_ends_no_receiver_for_good(crm: Receiver, begin: Begin) -> None:
    class Broken(MemoryWebhooks):
        broken = True

        async def event_body(self, receiver: str, position: str) -> str | None:
            if self.broken:
                self.broken = False
                raise RuntimeError("a fault")
            return await super().event_body(receiver, position)

    watch_faults(lambda: None)
    with capture_logs() as logs:
        centre = await begin(Broken(), crm=crm)
        centre.tell(event(1))
        await until(lambda: numbers(crm) == [1])
    assert [(line["event"], line["task"]) for line in logs] == [("task_failed", "webhook-crm")]


async def test_events_go_on_to_receivers_where_what_keeps_them_is_begun_anew(crm: Receiver, begin: Begin) -> None:
    class Broken(MemoryWebhooks):
        broken = True

        async def keep_events(
            self, events: Sequence[tuple[Event, str, Sequence[str]]], known: Mapping[str, Followed | None]
        ) -> list[tuple[str, Waiting]]:
            if self.broken:
                self.broken = False
                raise RuntimeError("a fault")
            return await super().keep_events(events, known)

    watch_faults(lambda: None)
    with capture_logs() as logs:
        centre = await begin(Broken(), crm=crm)
        centre.tell(event(1))
        await until(lambda: numbers(crm) == [1])
    assert [(line["event"], line["task"]) for line in logs] == [("task_failed", "Webhooks.run")]
