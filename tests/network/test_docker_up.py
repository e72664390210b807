"""`docker/up --network`: nothing of it stands open, and all that a call centre needs is there by TLS."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
from pathlib import Path
from typing import Any

import aiohttp

from tests.e2e.foreign import account_of, begun
from tests.network.machine import API, FIGURES, PASSWORD, SIP, SIP_TLS, Machine
from tests.network.phones import Stranger

PHONES = [f"100{number}" for number in range(1, 7)]
LEVEL = 8000.0
TALK = 25
"""Frames (half a second) in which a phone must have heard the other."""


async def curl(*arguments: str) -> tuple[int, str]:
    """Its exit status, and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *("curl", "--silent", "--show-error", "--max-time", "10", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def log_in(machine: Machine, agent: str, password: str = PASSWORD) -> tuple[int, Any]:
    """The status, and the answer."""
    body = json.dumps({"agent": agent, "password": password})
    known = ("--cacert", str(machine.authority), "--header", "Content-Type: application/json")
    done, printed = await curl(*known, "--data", body, "--write-out", "\n%{http_code}", f"{machine.api}/v1/login")
    assert done == 0, printed
    answer, _, status = printed.rpartition("\n")
    return int(status), json.loads(answer)


async def agent(machine: Machine, method: str, path: str, token: str, body: object = None) -> Any:
    """What the API answers to an agent."""
    said = ["--header", f"Authorization: Bearer {token}", "--request", method]
    if body is not None:
        said += ["--header", "Content-Type: application/json", "--data", json.dumps(body)]
    done, printed = await curl("--cacert", str(machine.authority), *said, machine.api + path)
    assert done == 0, printed
    return json.loads(printed or "null")


async def reachable(machine: Machine, phone: str, place: Path) -> None:
    """Wait until Asterisk reaches a phone."""
    said = ""
    try:
        async with asyncio.timeout(15):
            while not re.search(rf"{phone}/sip:{phone}-\S+ +\S+ +Avail", said):
                _, said = await machine.run("asterisk", "-rx", "pjsip show contacts", part="asterisk")
    except TimeoutError:
        raise AssertionError(f"{phone} is not reached:\n{said}\n{(place / 'baresip.log').read_text()}") from None


async def test_a_call_centre_of_the_demonstration_is_refused_with_all_reasons_and_nothing_is_started(
    refused: str,
) -> None:
    for reason in ("demo_passwords", "api_open"):
        assert reason in refused
    assert "nothing was started" in refused
    assert "demo_phone_secrets" not in refused, "phones got new secrets before that"


async def test_the_desk_and_the_api_are_answered_by_tls_with_a_certificate_that_is_checked(machine: Machine) -> None:
    known = ("--cacert", str(machine.authority))
    assert 'src="/assets/' in (await curl(*known, f"{machine.api}/"))[1]
    status, session = await log_in(machine, "alice")
    assert status == 200
    me = await agent(machine, "GET", "/v1/me", session["token"])
    assert me["agent"] == "alice"
    assert (await curl(f"{machine.api}/healthz"))[0] == 60, "who does not know the authority is warned"
    assert (await curl(f"http://{machine.address}:{API}/healthz"))[0] != 0, "nothing is answered in clear"


async def test_events_come_by_an_encrypted_socket(machine: Machine) -> None:
    _, session = await log_in(machine, "alice")
    ticket = await agent(machine, "POST", "/v1/events/ticket", session["token"])
    known = ssl.create_default_context(cafile=machine.authority)
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{machine.api}/v1/events", params={"ticket": ticket["ticket"]}, ssl=known) as socket_,
    ):
        assert (await socket_.receive_json(timeout=5))["type"] == "snapshot"


async def test_two_phones_register_by_tls_with_the_secrets_that_were_made_and_talk_encrypted(
    machine: Machine, tmp_path: Path
) -> None:
    for name in ("alice", "bob"):
        _, session = await log_in(machine, name)
        await agent(machine, "PUT", "/v1/me/state", session["token"], {"state": "ready"})
    authority, server = machine.authority.read_bytes(), (machine.address, SIP)
    accounts = [account_of(phone, machine.secret(phone), server, encrypted=True) for phone in ("1001", "1002")]
    places = [tmp_path / phone for phone in ("1001", "1002")]
    for place in places:
        place.mkdir()
    async with (
        begun(places[0], machine.stranger, accounts[0], 1, LEVEL, authority) as alice,
        begun(places[1], machine.stranger, accounts[1], 2, LEVEL, authority) as bob,
    ):
        await reachable(machine, "1001", places[0])
        await reachable(machine, "1002", places[1])
        await bob.command("dial", f"sip:1001@{machine.address}:{SIP_TLS};transport=tls")
        await alice.until("CALL_ESTABLISHED")
        await bob.until("CALL_ESTABLISHED")
        async with asyncio.timeout(10):
            while alice.heard()[2] < TALK or bob.heard()[1] < TALK:
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.1)
        _, said = await machine.run("asterisk", "-rx", "pjsip show channelstats", part="asterisk")
        assert "1001-" in said, said
        await bob.command("hangup")


async def test_whoever_does_not_encrypt_gets_no_call(machine: Machine, stranger: Stranger) -> None:
    assert await stranger.calls("1003", machine.secret("1003"), "*43") == 488


async def test_figures_are_answered_on_the_machine_and_nowhere_else(machine: Machine) -> None:
    _, figures = await machine.run("curl", "--silent", f"http://{FIGURES}/metrics")
    assert "callcontrol_" in figures
    _, port = FIGURES.split(":")
    with socket.socket() as probe:
        assert probe.connect_ex((machine.address, int(port))) != 0
    _, printed = await curl("--cacert", str(machine.authority), "--write-out", "%{http_code}", f"{machine.api}/metrics")
    assert printed.endswith("404")


async def test_no_secret_of_the_demonstration_is_good_for_anything(machine: Machine, stranger: Stranger) -> None:
    for name in ("alice", "bob", "carol", "dave", "erin", "frank", "admin"):
        assert (await log_in(machine, name, f"{name}-demo"))[0] == 401, name
    assert [await stranger.registers(phone, f"phone-{phone}") for phone in PHONES] == [401] * len(PHONES)
    _, said = await machine.run(
        "curl", "--silent", "--user", "callcontrol:ari-demo", "http://127.0.0.1:8088/ari/asterisk/info"
    )
    assert "Authentication required" in said, said
    _, said = await machine.run(
        "redis-cli", "-a", "redis-demo", "--no-auth-warning", "-p", "6379", "ping", part="redis"
    )
    assert "WRONGPASS" in said or "NOAUTH" in said, said


async def test_a_phone_that_is_stolen_gets_another_secret_and_is_out_at_once(
    machine: Machine, stranger: Stranger
) -> None:
    before = machine.secret("1006")
    assert await stranger.registers("1006", before) == 200
    status, said = await machine.run(f"{machine.repository}/docker/phone-secrets", "1006")
    assert status == 0, said
    after = machine.secret("1006")
    assert (len(after), after != before, after in said) == (24, True, False)
    assert await stranger.registers("1006", before) == 401
    assert await stranger.registers("1006", after) == 200


async def test_another_user_of_the_machine_reads_none_of_the_secrets_and_none_of_the_files(machine: Machine) -> None:
    """As `docker/up` leaves them."""
    as_another = ("setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups")
    places = (
        machine.repository / "docker" / ".env.local",
        machine.repository / "docker" / ".secrets",
        machine.configuration,
    )
    status, found = await machine.run(*as_another, "find", *map(str, places), "-type", "f", "-readable")
    assert [line for line in found.splitlines() if "Permission denied" not in line] == [], found
    status, _ = await machine.run("find", *map(str, places), "-type", "f", "-name", "ari_password")
    assert status == 0
