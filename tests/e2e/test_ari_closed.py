"""ARI commands everything: it listens where controllers are, to them alone, and has nothing that runs a program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.containers import ask_docker, asterisk_console
from tests.e2e.foreign import free_port
from tests.e2e.own_asterisk import FILES, SECRET, made, packed, running
from tests.e2e.stack import Stack
from tests.support.certificates import make_authority, make_certificate
from tests.support.polling import until

BANNED = ["func_shell", "app_system", "app_externalivr", "res_agi", "pbx_spool", "app_originate", "func_realtime"]


@pytest.mark.parametrize("module", BANNED)
async def test_no_module_is_there_by_which_a_program_is_run_or_a_call_begun_past_us(stack: Stack, module: str) -> None:
    said = ""

    async def it_says() -> bool:  # Docker loses what is said now and then
        nonlocal said
        said = await asterisk_console(stack, f"module load {module}.so")
        return said != ""

    await until(it_says, "Asterisk says something", 10)
    assert "Unable to load module" in said


async def ari_answers(address: str, port: int, come_from: str) -> int:
    """The status of a request with the right password from that address; 0 where nobody listens."""
    connector = aiohttp.TCPConnector(local_addr=(come_from, 0))
    headers = {"Authorization": aiohttp.encode_basic_auth("callcontrol", SECRET)}
    try:
        async with (
            aiohttp.ClientSession(connector=connector, headers=headers) as session,
            session.get(f"http://{address}:{port}/ari/asterisk/info") as response,
        ):
            return response.status
    except aiohttp.ClientError:
        return 0


async def test_ari_is_not_where_phones_are_and_refuses_who_has_the_password_and_comes_from_elsewhere(
    stack: Stack,
) -> None:
    network = stack.bind.rpartition(".")[0]
    phones, ari, controller, stranger = (f"{network}.{last}" for last in (51, 52, 53, 54))
    port = free_port(ari)
    surroundings = {
        "AST_ADDRESS": phones,
        "AST_ARI_ADDRESS": ari,
        "AST_ARI_PORT": str(port),
        "AST_ARI_FROM": controller,
    }
    async with running(await made(stack, surroundings)):
        assert await ari_answers(ari, port, controller) == 200
        assert await ari_answers(phones, port, controller) == 0
        assert await ari_answers(ari, port, stranger) in (401, 403)


@asynccontextmanager
async def own_controller(
    stack: Stack, surroundings: dict[str, str], known: str
) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """A controller that trusts that authority. What it gives waits until one of some events is logged: which one."""

    def begin(client: Any) -> Any:
        beside = client.containers.get(f"{stack.project}-controller")
        labels = {name: value for name, value in beside.labels.items() if name == "callcontrol.test"}
        container = client.containers.create(
            beside.attrs["Image"],
            name=f"{stack.project}-own-controller",
            environment={"SSL_CERT_FILE": "/etc/ari_app/known.pem", "ARI_APP_DEMO": "yes", **surroundings},
            network_mode="host",
            cap_drop=["ALL"],
            labels=labels,
        )
        files = {"callcentre.yaml": (FILES / "callcentre.yaml").read_text(), "known.pem": known}
        container.put_archive("/etc/ari_app", packed(files))
        container.start()
        return container

    container = await ask_docker(begin)

    async def logged(*events: str) -> str:
        said = ""
        try:
            async with asyncio.timeout(20):
                while not (found := [event for event in events if f'"event": "{event}"' in said]):
                    said = await ask_docker(lambda _: container.logs().decode())
            return found[0]
        except TimeoutError:
            raise AssertionError(f"it logs none of {events}:\n{said}") from None

    try:
        yield logged
    finally:
        await ask_docker(lambda _: container.remove(force=True, v=True))


async def answer_to_a_page(api: str) -> str:
    """The first line of what Asterisk answers to the phone in Alice's page."""
    async with aiohttp.ClientSession(f"http://{api}:8080") as session:
        async with session.post("/v1/login", json={"agent": "alice", "password": "alice-demo"}) as response:
            session.headers["Authorization"] = f"Bearer {(await response.json())['token']}"
        async with session.get("/v1/me/phone") as response:
            uri = str((await response.json())["uri"])
        async with session.post("/v1/events/ticket") as response:
            ticket = (await response.json())["ticket"]
        async with session.ws_connect("/phone", params={"ticket": ticket}, protocols=["sip"]) as page:
            lines = (
                f"REGISTER sip:{uri.partition('@')[2]} SIP/2.0",
                "Via: SIP/2.0/WS page.invalid;branch=z9hG4bKpage",
                f"From: <{uri}>;tag=page",
                f"To: <{uri}>",
                "Call-ID: of-a-page",
                "CSeq: 1 REGISTER",
                "Contact: <sip:page@page.invalid;transport=ws>",
                "Max-Forwards: 70",
                "Content-Length: 0",
            )
            await page.send_str("\r\n".join(lines) + "\r\n\r\n")
            return (await page.receive_str(timeout=5)).splitlines()[0]


async def test_a_controller_elsewhere_commands_asterisk_by_tls_and_trusts_no_certificate_but_its_own(
    stack: Stack, tmp_path: Path
) -> None:
    network = stack.bind.rpartition(".")[0]
    phones, ari, api = (f"{network}.{last}" for last in (51, 52, 53))
    known = (await make_authority(tmp_path)).read_text()
    certificate, key = await make_certificate(tmp_path, ari)
    (other := tmp_path / "other").mkdir()
    another = (await make_authority(other)).read_text()
    port = free_port(ari)
    surroundings = {"AST_ADDRESS": phones, "AST_ARI_ADDRESS": ari, "AST_ARI_PORT": str(port)}
    surroundings |= {"AST_ARI_CERTIFICATE": "/srv/asterisk/tls.pem", "AST_ARI_KEY": "/srv/asterisk/tls.key"}
    files = {"tls.pem": certificate.read_text(), "tls.key": key.read_text()}
    of_controller = {
        "ARI_APP_ARI_URL": f"https://{ari}:{port}",
        "ARI_APP_ARI_PASSWORD": SECRET,
        "ARI_APP_REDIS_URL": stack.redis,
        "ARI_APP_REDIS_PREFIX": "by-tls",
        "ARI_APP_API_HOST": api,
    }
    async with running(await made(stack, surroundings, files)):
        assert await ari_answers(ari, port, ari) == 0, "it is answered in clear"
        ends = ("asterisk_reconciled", "asterisk_not_reached")
        async with own_controller(stack, of_controller, known) as logged:
            assert await logged(*ends) == "asterisk_reconciled"
            assert await answer_to_a_page(api) == "SIP/2.0 401 Unauthorized", "phones in pages come by TLS, too"
        async with own_controller(stack, of_controller, another) as logged:
            assert await logged(*ends) == "asterisk_not_reached"
