"""What strangers get at the edge of a cluster, and at the Asterisks behind it: nothing is relayed for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
import pytest_asyncio
from aiosipua import SipMessage, SipRequest, SipResponse, generate_branch, generate_call_id, generate_tag

from tests.bots.sip import Address, ServerTransaction, UserAgent
from tests.e2e.cluster import ASTERISKS
from tests.e2e.stack import Stack

ELSEWHERE = 5066


@dataclass
class Stranger:
    """A socket from which anything is sent, and another that waits for what is relayed to it."""

    agent: UserAgent
    elsewhere: UserAgent
    edge: Address
    relayed: list[str] = field(default_factory=list)

    async def sends(self, method: str, uri: str, to: Address | None = None, tag: str = "", **headers: str) -> int:
        """A request in the name of 1001; the status of the answer."""
        request = SipRequest(method=method, uri=uri)
        request.headers.append("Via", self.agent.via())
        request.set_header("From", f"<sip:1001@{self.edge[0]}>;tag={generate_tag()}")
        request.set_header("To", f"<{uri}>{tag and f';tag={tag}'}")
        request.set_header("Call-ID", generate_call_id(self.agent.address[0]))
        request.set_header("CSeq", f"1 {method}")
        request.set_header("Contact", self.agent.contact("1001"))
        request.set_header("Max-Forwards", "70")
        for name, value in headers.items():
            request.set_header(name.replace("_", "-"), value)
        return (await self.agent.ask(request, to or self.edge)).status_code


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(stack: Stack) -> AsyncIterator[Stranger]:
    relayed: list[str] = []

    def noted(transaction: ServerTransaction) -> None:
        relayed.append(transaction.request.method)
        transaction.respond(200)

    stranger = Stranger(UserAgent(noted, lambda _: None), UserAgent(noted, lambda _: None), stack.asterisk, relayed)
    await stranger.agent.open((stack.bind, 0))
    await stranger.elsewhere.open((stack.bind, ELSEWHERE))
    yield stranger
    for each in (stranger.agent, stranger.elsewhere):
        each.close()
        await each.closed()


async def test_who_has_no_secret_gets_a_challenge_whatever_they_send(stranger: Stranger) -> None:
    number, phone = f"sip:2000@{stranger.edge[0]}", f"sip:1002@{stranger.edge[0]}"
    assert await stranger.sends("INVITE", number) == 407
    assert await stranger.sends("INVITE", number, X_Edge_Door="carrier") == 407
    assert await stranger.sends("REGISTER", f"sip:{stranger.edge[0]}") == 401
    statuses = await asyncio.gather(*(stranger.sends(method, phone) for method in ("REFER", "MESSAGE", "SUBSCRIBE")))
    assert set(statuses) == {407}


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
async def test_the_phone_of_a_page_comes_by_the_socket_of_a_controller_alone(stack: Stack, method: str) -> None:
    edge, here = stack.asterisk, "page.invalid"
    request = SipRequest(method=method, uri=f"sip:2000@{here}")
    request.headers.append("Via", f"SIP/2.0/WS {here};branch={generate_branch()}")
    for name, value in {
        "From": f"<sip:1001-page@{here}>;tag={generate_tag()}",
        "To": f"<sip:1001-page@{here}>",
        "Call-ID": generate_call_id(here),
        "CSeq": f"1 {method}",
        "Contact": f"<sip:page@{here};transport=ws>",
        "Max-Forwards": "70",
    }.items():
        request.set_header(name, value)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(stack.bind, 0))) as session,
        session.ws_connect(f"ws://{edge[0]}:{edge[1]}/", protocols=("sip",)) as socket,
    ):
        await socket.send_str(bytes(request).decode())
        answer = SipMessage.parse(await socket.receive_str(timeout=5))
    assert isinstance(answer, SipResponse)
    assert answer.status_code == {"REGISTER": 401, "INVITE": 407}[method]


async def test_nothing_is_relayed_to_a_place_that_a_stranger_chooses(stranger: Stranger) -> None:
    elsewhere = f"{stranger.elsewhere.address[0]}:{ELSEWHERE}"
    edge = f"<sip:{stranger.edge[0]};lr>"
    sent = [
        await stranger.sends("INVITE", f"sip:x@{elsewhere}", Route=f"{edge}, <sip:{elsewhere};lr>"),
        await stranger.sends("INVITE", f"sip:x@{elsewhere}", tag="invented", Route=f"{edge}, <sip:{elsewhere};lr>"),
        await stranger.sends("MESSAGE", f"sip:x@{elsewhere}", tag="invented", Route=edge),
    ]
    assert sent == [407, 403, 403]
    assert stranger.relayed == []


async def test_an_asterisk_takes_calls_from_the_edge_alone(stranger: Stranger) -> None:
    network = stranger.edge[0].rpartition(".")[0]
    for last in ASTERISKS.values():
        address = (f"{network}.{last}", 5060)
        for door in ("phone", "carrier"):
            assert await stranger.sends("INVITE", f"sip:2000@{address[0]}", address, X_Edge_Door=door) == 401


async def test_nobody_but_an_asterisk_comes_into_a_call_by_a_tie(stranger: Stranger) -> None:
    tie = f"sip:tie+asterisk-a+0123456789abcdef@{stranger.edge[0]}"
    assert await stranger.sends("INVITE", tie) == 407
    assert await stranger.sends("INVITE", tie, X_Edge_Door="tie") == 407
    network = stranger.edge[0].rpartition(".")[0]
    for last in ASTERISKS.values():
        address = (f"{network}.{last}", 5060)
        assert (
            await stranger.sends("INVITE", f"sip:tie+0123456789abcdef@{address[0]}", address, X_Edge_Door="tie") == 401
        )
