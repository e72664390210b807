"""ARI commands everything: it listens where controllers are, to them alone, and has nothing that runs a program."""

from __future__ import annotations

import aiohttp
import pytest

from tests.e2e.containers import asterisk_console
from tests.e2e.foreign import free_port
from tests.e2e.own_asterisk import SECRET, made, running
from tests.e2e.stack import Stack

BANNED = ["func_shell", "app_system", "app_externalivr", "res_agi", "pbx_spool", "app_originate", "func_realtime"]


@pytest.mark.parametrize("module", BANNED)
async def test_no_module_is_there_by_which_a_program_is_run_or_a_call_begun_past_us(stack: Stack, module: str) -> None:
    assert "Unable to load module" in await asterisk_console(stack, f"module load {module}.so")


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
    except aiohttp.ClientConnectorError:
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
