"""Phones whose accounts the file has, numbers and lamps, at the real Asterisk: brought, used by a bot, and taken away.

CC_ARI_URL, CC_ARI_USER, CC_ARI_PASSWORD, CC_BIND and CC_CARRIER say where it is.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from ari_app.ari.checks import connect
from ari_app.ari.client import AriClient
from ari_app.ari.http import HttpClient
from ari_app.ari.lamps import Lamps
from ari_app.ari.phone_accounts import AccountKeeper
from ari_app.config.phones import phone_digest
from ari_app.routing.phones import PhoneAccount
from tests.bots import Lab
from tests.bots.registration import RegistrationFailed
from tests.support.benches import real_lab, real_settings
from tests.support.polling import until

USER = f"7{uuid.uuid4().int % 10**8:08d}"
SECRET = "secret-of-a-phone-here"


def account(secret: str = SECRET, name: str = "Grace Hopper") -> PhoneAccount:
    return PhoneAccount(USER, name, phone_digest(USER, secret))


@pytest.fixture
async def client() -> AsyncIterator[AriClient]:
    settings = real_settings()
    client = AriClient(settings.url, HttpClient(settings.user, settings.password))
    await client.describe()
    yield client
    await client.close()


@pytest.fixture
async def keeper(client: AriClient) -> AsyncIterator[AccountKeeper]:
    keeper = AccountKeeper(client, "contract", "key")
    keeper.connected()
    yield keeper
    keeper.want({})
    await idle()


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with real_lab() as lab:
        yield lab


async def idle() -> None:
    """Until all is brought."""
    work = [task for task in asyncio.all_tasks() if task.get_name() in ("phone-accounts", "device-states")]
    async with asyncio.timeout(10):
        await asyncio.gather(*work)


async def can_register(lab: Lab, name: str, secret: str) -> bool:
    try:
        await lab.phone(name, USER, secret)
    except RegistrationFailed:
        return False
    return True


async def state(client: AriClient) -> str:
    """Of the phone, as Asterisk has it."""
    endpoints = await client.call("endpoints", "listByTech", tech="PJSIP")
    return next((str(each["state"]) for each in endpoints if each["resource"] == USER), "none")


def online(client: AriClient) -> Callable[[], Awaitable[bool]]:
    async def is_online() -> bool:
        return await state(client) == "online"

    return is_online


async def test_a_phone_of_the_file_registers_and_is_gone_with_its_account(
    client: AriClient, keeper: AccountKeeper, lab: Lab
) -> None:
    assert await state(client) == "none"
    keeper.want({USER: account()})
    await idle()
    assert not await can_register(lab, "stranger", "not-its-secret")
    assert await can_register(lab, "grace", SECRET)
    await until(online(client), "the phone is there", within=5)
    secret = await client.configured("auth", USER)
    assert SECRET not in json.dumps(secret)
    keeper.want({})
    await idle()
    assert await state(client) == "none"
    assert not await can_register(lab, "late", SECRET)


async def test_another_name_leaves_it_registered_and_another_secret_does_not(
    client: AriClient, keeper: AccountKeeper, lab: Lab
) -> None:
    keeper.want({USER: account()})
    await idle()
    assert await can_register(lab, "grace", SECRET)
    keeper.want({USER: account(name='Grace "Amazing" Hopper, née <Murray>')})
    await idle()
    assert (await client.configured("endpoint", USER))["callerid"] == f'"Grace Amazing Hopper, née Murray" <{USER}>'
    await until(online(client), "the phone is there", within=5)
    keeper.want({USER: account("another-secret-of-it")})
    await idle()
    assert await state(client) == "offline"
    assert not await can_register(lab, "thief", SECRET)
    assert await can_register(lab, "again", "another-secret-of-it")


async def test_the_next_controller_changes_nothing_that_is_as_it_should_be(
    client: AriClient, keeper: AccountKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.want({USER: account()})
    await idle()
    changed: list[str] = []

    async def change(kind: str, *_: object) -> None:
        changed.append(kind)

    monkeypatch.setattr(client, "configure", change)
    following = AccountKeeper(client, "contract", "key")
    following.want({USER: account()})
    following.connected()
    await idle()
    assert changed == []


async def test_a_number_is_known_and_has_a_lamp_without_a_line_in_the_dialplan(client: AriClient) -> None:
    settings = real_settings()
    lamps = Lamps(client, settings.application)
    lamps.numbers({USER: "grace", "+33140000001": "queue:a", "*55": "group:b", "2000": "group:c"})
    lamps.show("grace", "RINGING")
    lamps.show_all()
    await idle()
    at = f"@{settings.application}"
    async with connect(settings.url, settings.user, settings.password, settings.application) as checks:
        for number, shown in ((USER, "RINGING"), ("+33140000001", "NOT_INUSE"), ("*55", "NOT_INUSE")):
            assert await checks._function(f"DEVICE_STATE(Stasis:{number}{at})") == shown
        assert await checks._function(f"DEVICE_STATE(Stasis:2009{at})") == "UNKNOWN"
        await checks._function(f"EXTENSION_STATE({USER}@lamps)")  # as a phone does that subscribes
        hint = await checks._function(f"HINT({USER}@lamps)")
        assert hint.startswith(f"Stasis:{USER}@")
        lamps.numbers({})
        await idle()
        assert await checks._function(f"DEVICE_STATE(Stasis:{USER}{at})") == "UNKNOWN"
    for name in (f"numbers{at}", "grace"):
        await client.call("deviceStates", "delete", deviceName=f"Stasis:{name}")

    async def gone() -> bool:
        listed = await client.call("deviceStates", "list")
        return not [each for each in listed if each["name"].endswith(at)]

    await until(gone, "nothing of it is left", within=5)
