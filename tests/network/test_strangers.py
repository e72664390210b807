"""Somebody on the same network who has nothing: which doors they find, what they get by guessing and by holding on."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from ast import literal_eval
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.e2e.containers import ask_docker
from tests.network.machine import API, FIGURES, SIP, SIP_TLS, Machine
from tests.network.phones import Stranger
from tests.support.polling import until

DOORS = {"ARI": 8088, "Redis": 6379, "the manager interface (AMI)": 5038, "figures": 9464}
AT_ONCE = 200
HELD = 300
"""More connections than one address may have at the API."""
OF_ADDRESS = 50
"""At SIP, by docker/nftables."""
LOGIN = {"/v1/login", "/v1/login/oidc", "/v1/login/oidc/callback"}
PUBLIC = LOGIN | {"/healthz", "/readyz", "/v1/openapi.json", "/v1/asyncapi.json"}
GUESSES = ("", "1001", "1234", "phone-1001", "secret", "password", "admin", "asterisk")


async def is_open(address: str, port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.setblocking(False)
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(probe, (address, port)), 5)
            return True
    return False


async def open_ports(address: str, ports: Iterable[int]) -> set[int]:
    """Those of them at which somebody listens."""
    left, found = iter(ports), set()

    async def look() -> None:
        for port in left:
            if await is_open(address, port):
                found.add(port)

    await asyncio.gather(*(look() for _ in range(AT_ONCE)))
    return found


async def test_of_all_ports_three_are_open_and_ari_redis_the_manager_and_figures_are_not_among_them(
    machine: Machine,
) -> None:
    found = await open_ports(machine.address, range(1, 65_536))
    assert found == {SIP, SIP_TLS, API}
    assert found.isdisjoint(DOORS.values())


async def test_guesses_at_a_phone_are_refused_alike_whether_there_is_one_and_the_phone_itself_registers(
    machine: Machine, stranger: Stranger
) -> None:
    for user in ("1001", "nobody"):
        assert [await stranger.registers(user, guess) for guess in GUESSES] == [401] * len(GUESSES), user
    heads = [(await stranger.asks("REGISTER", user, ""))[1].split("\r\n") for user in ("1001", "nobody")]
    names = [[line.split(":")[0] for line in head] for head in heads]
    assert names[0] == names[1], "an answer tells which users there are"
    assert await stranger.registers("1001", machine.secret("1001")) == 200


@pytest.mark.parametrize("user", ["carrier", "1001", "anonymous", "edge", "tie", "callcontrol"])
async def test_whoever_is_not_registered_calls_nobody_whatever_they_say_that_they_are(
    machine: Machine, stranger: Stranger, user: str
) -> None:
    numbers = ("1001@", "2000@", "+33899000000@", "*43@")
    assert [(await stranger.asks("INVITE", user, number))[0] for number in numbers] == [401] * len(numbers)
    _, channels = await machine.run("asterisk", "-rx", "core show channels count", part="asterisk")
    assert "0 active channels" in channels, channels


@asynccontextmanager
async def held_open(machine: Machine, port: int, first: bytes) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Very many connections on which that is sent, and nothing more; those that were taken."""
    begun = [await asyncio.open_connection(machine.address, port) for _ in range(HELD)]
    for _, writer in begun:
        writer.write(first)
    try:
        yield [reader for reader, _ in begun]
    finally:
        for _, writer in begun:
            writer.close()


async def all_closed(readers: Iterable[asyncio.StreamReader], within: float) -> None:
    """Wait until the other side has closed each of them."""

    async def closed(reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while await reader.read(4096):
                pass

    async with asyncio.timeout(within):
        await asyncio.gather(*(closed(reader) for reader in readers))


@pytest.mark.parametrize("first", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "half a handshake"])
async def test_connections_to_the_api_that_begin_no_encryption_are_closed_and_others_are_served_meanwhile(
    machine: Machine, first: bytes
) -> None:
    async with held_open(machine, API, first) as held:
        status, said = await machine.run(
            *("curl", "--silent", "--insecure", "--max-time", "3", f"https://{machine.address}:{API}/healthz")
        )
        assert (status, json.loads(said)["status"]) == (0, "ok")
        await all_closed(held, within=20)


@pytest.mark.parametrize("port", [SIP, SIP_TLS])
async def test_connections_to_sip_on_which_nothing_comes_keep_no_phone_from_being_served(
    machine: Machine, stranger: Stranger, port: int
) -> None:
    async with held_open(machine, port, b"") as held:
        assert await stranger.registers("1002", machine.secret("1002")) == 200
        if port == SIP:  # by TLS, Asterisk lets them wait for their handshake: the firewall bounds them
            await all_closed(held, within=60)


@pytest_asyncio.fixture(loop_scope="session")
async def firewall(machine: Machine) -> AsyncIterator[None]:
    """The machine has the rules of docs/operations.md."""
    status, said = await machine.run("nft", "-f", f"{machine.repository}/docker/nftables/callcontrol-sip.nft")
    assert status == 0, said
    yield
    await machine.run("nft", "delete", "table", "inet", "callcontrol_sip")


async def taken(machine: Machine, port: int) -> socket.socket | None:
    """A connection there, that stays; None where it is refused."""
    held = socket.socket()
    held.setblocking(False)
    try:
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(held, (machine.address, port)), 5)
    except ConnectionRefusedError:
        held.close()
        return None
    return held


@pytest.mark.parametrize("port", [SIP, SIP_TLS])
async def test_one_address_holds_so_many_connections_to_sip_and_phones_elsewhere_are_served(
    machine: Machine, stranger: Stranger, firewall: None, port: int
) -> None:
    begun = [await taken(machine, port) for _ in range(HELD)]
    held = [each for each in begun if each is not None]
    try:
        assert len(held) == OF_ADDRESS
        elsewhere = f"openssl s_client -brief -connect {machine.address}:{SIP_TLS} </dev/null"
        status, said = await machine.run("timeout", "10", "sh", "-c", elsewhere)
        assert "CONNECTION ESTABLISHED" in said, (status, said)
        assert await stranger.registers("1002", machine.secret("1002")) == 200, "by UDP, which has no connections"
    finally:
        for each in held:
            each.close()

    async def there_is_room() -> bool:
        again = await taken(machine, port)
        if again is not None:
            again.close()
        return again is not None

    await until(there_is_room, "who has left may come again", 10)


async def test_without_a_token_the_api_tells_and_does_nothing(machine: Machine) -> None:
    _, described = await machine.run("curl", "--silent", f"http://{FIGURES}/v1/openapi.json")
    known = ssl.create_default_context(cafile=machine.authority)
    done = []
    async with aiohttp.ClientSession() as session:
        for path, methods in json.loads(described)["paths"].items():
            for method in methods.keys() & {"get", "put", "post", "patch", "delete"}:
                url = machine.api + path.replace("{", "").replace("}", "")
                async with session.request(method, url, json={}, ssl=known) as answer:
                    done.append((method, path, answer.status))
    assert len(done) > 50
    assert [each for each in done if each[1] not in PUBLIC and each[2] not in (401, 404, 405)] == []
    said = {("get", "/healthz"), ("get", "/readyz"), ("get", "/v1/login")}  # how one logs in is no secret
    assert [each for each in done if each[1] in PUBLIC and each[:2] not in said and each[2] < 400] == []


@pytest.mark.parametrize("path", ["/v1/events", "/phone"])
async def test_no_socket_is_opened_without_a_ticket(machine: Machine, path: str) -> None:
    known = ssl.create_default_context(cafile=machine.authority)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await session.ws_connect(machine.api + path, ssl=known, protocols=["sip"])
    assert refusal.value.status in (401, 403, 404)


FORGED = "192.0.2.9"
"""Of whom strangers would have it that they guess. Of a user Asterisk says 36 characters: it is as short as may be."""


async def banned(machine: Machine, project: str) -> list[str]:
    """Of each line that the filter of docker/fail2ban counts in Asterisk's file of Docker: the address."""

    def read(client: Any) -> str:
        asterisk = client.containers.get(f"{machine.project}-asterisk")
        filtered = f"/src/docker/fail2ban/filter.d/callcontrol-asterisk.conf[project={project}]"
        printed: bytes = client.containers.run(
            client.containers.get(f"{machine.project}-machine").attrs["Image"],
            ["fail2ban-regex", "--out", "row", "/log.json", filtered],
            environment={"TZ": "Asia/Tokyo"},
            volumes=[f"{asterisk.attrs['LogPath']}:/log.json:ro"],
            network_mode="none",
            remove=True,
        )
        return printed.decode()

    rows = [literal_eval(line.rstrip(",")) for line in (await ask_docker(read)).splitlines()]
    assert all(abs(moment - time.time()) < 600 for _, moment, _ in rows), "wherever the machine is, it was just now"
    return [str(address) for address, _, _ in rows]


async def test_guesses_are_counted_for_who_makes_them_and_for_nobody_whom_they_name(
    machine: Machine, stranger: Stranger
) -> None:
    before = len(await banned(machine, machine.project))
    assert await stranger.registers("1004", machine.secret("1004")) == 200
    assert len(await banned(machine, machine.project)) == before, "who knows the secret is counted"
    for user in ("1004", "nobody"):
        for _ in range(5):
            await stranger.registers(user, "a guess")
    counted = len(await banned(machine, machine.project))
    assert counted >= before + 10
    forged = f'",RemoteAddress="IPV4/X/{FORGED}/5'
    await stranger.registers(forged.replace('"', "%22"), "a guess")
    for so in ("", ',LocalAddress="IPV4/UDP/192.0.2.1/5060"'):
        await stranger.registers("1004", "a guess", call_id=f'"{so}{forged[1:]}"')
    quoted = forged.replace('"', '\\"')
    await stranger.registers("1004", "a guess", response=f'{quoted}\\"')
    assert FORGED in await machine.said_by("asterisk"), "nothing was forged"
    addresses = await banned(machine, machine.project)
    assert len(addresses) >= counted + 4, "whoever writes so is not counted"
    assert {*addresses} == {machine.stranger}
    assert await banned(machine, "callcontrol") == [], "what another container writes is believed"
