"""Accounts of phones that the file has, as an Asterisk gets and loses them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from ari_app.ari import phone_accounts
from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NotFound, Unreachable
from ari_app.ari.http import HttpClient
from ari_app.ari.phone_accounts import AccountKeeper
from ari_app.routing.phones import PhoneAccount

GRACE = PhoneAccount("1007", 'Grace "<O\'Neil>"', "a" * 32)
HEIDI = PhoneAccount("1008", "Heidi", "b" * 32)
OTHERS = {"endpoint/any-phone", "aor/any-phone", "endpoint/1001", "endpoint/1001-page", "endpoint/carrier"}


class Asterisk(AriClient):
    """Objects by kind and name. Those of its files can't be changed."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", HttpClient("ari", "secret"))
        self.objects: dict[str, dict[str, str]] = {
            "endpoint/any-phone": {
                "context": "from-phones",
                "allow": "(ulaw|opus)",
                "set_var": "",
                "identify_by": "ip",
            },
            "aor/any-phone": {"max_contacts": "2", "contact": ""},
            "endpoint/1001": {"callerid_tag": ""},
            "endpoint/1001-page": {"callerid_tag": "app:1:2"},
            "endpoint/carrier": {"callerid_tag": "theirs"},
        }
        self.done: list[str] = []
        self.away = 0
        self.refused = ""

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        assert (repository, operation) == ("endpoints", "listByTech")
        if self.away:
            self.away -= 1
            raise Unreachable("connection lost")
        names = [name.removeprefix("endpoint/") for name in self.objects if name.startswith("endpoint/")]
        return [{"resource": name} for name in names]

    async def configured(self, kind: str, name: str) -> dict[str, str]:
        if f"{kind}/{name}" not in self.objects:
            raise NotFound(404, "no such object")
        return dict(self.objects[f"{kind}/{name}"])

    async def configure(self, kind: str, name: str, fields: Mapping[str, str]) -> None:
        if name == self.refused:
            raise AriError(403, "Cannot create sorcery objects")
        self.done.append(f"+{kind}/{name}")
        self.objects.setdefault(f"{kind}/{name}", {}).update(fields)

    async def unconfigure(self, kind: str, name: str) -> None:
        self.done.append(f"-{kind}/{name}")
        if self.objects.pop(f"{kind}/{name}", None) is None:
            raise NotFound(404, "no such object")


class Bench:
    def __init__(self) -> None:
        self.asterisk = Asterisk()
        self.keeper = AccountKeeper(self.asterisk, "app", "key")
        self.keeper.connected()

    async def want(self, *accounts: PhoneAccount) -> list[str]:
        """What is done for these."""
        self.asterisk.done.clear()
        self.keeper.want({account.user: account for account in accounts})
        await self.idle()
        return list(self.asterisk.done)

    async def idle(self) -> None:
        work = [task for task in asyncio.all_tasks() if task.get_name() == "phone-accounts"]
        async with asyncio.timeout(5):
            await asyncio.gather(*work, return_exceptions=True)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    bench.keeper.close()
    await bench.asterisk.close()


async def test_an_account_is_made_like_the_one_in_the_file_and_is_there_when_the_endpoint_is(bench: Bench) -> None:
    assert await bench.want(GRACE) == ["+auth/1007", "+aor/1007", "+endpoint/1007"]
    objects = bench.asterisk.objects
    assert objects["auth/1007"] == {
        "auth_type": "digest",
        "username": "1007",
        "realm": "asterisk",
        "password_digest": "MD5:" + "a" * 32,
    }
    assert objects["aor/1007"] == {"max_contacts": "2"}
    tag = objects["endpoint/1007"].pop("callerid_tag")
    assert "a" * 8 not in tag
    assert objects["endpoint/1007"] == {
        "context": "from-phones",
        "allow": "(ulaw|opus)",
        "aors": "1007",
        "auth": "1007",
        "identify_by": "username",
        "callerid": '"Grace O\'Neil" <1007>',
    }


async def test_what_is_there_as_it_is_wanted_is_left_alone_also_by_the_next_controller(bench: Bench) -> None:
    await bench.want(GRACE, HEIDI)
    assert await bench.want(GRACE, HEIDI) == []
    bench.keeper = AccountKeeper(bench.asterisk, "app", "key")
    assert await bench.want(GRACE) == [], "nothing is known before it is connected"
    bench.keeper.connected()
    await bench.idle()
    assert bench.asterisk.done == ["-endpoint/1008", "-aor/1008", "-auth/1008"]


async def test_who_has_registered_by_another_secret_is_gone_with_it_and_no_other_change_ends_a_registration(
    bench: Bench,
) -> None:
    await bench.want(GRACE)
    changed = PhoneAccount("1007", "Grace Hopper", "a" * 32)
    assert await bench.want(changed) == ["+auth/1007", "+aor/1007", "+endpoint/1007"]
    bench.asterisk.objects["endpoint/any-phone"]["context"] = "from-desks"
    assert await bench.want(changed) == ["+auth/1007", "+aor/1007", "+endpoint/1007"]
    assert bench.asterisk.objects["endpoint/1007"]["context"] == "from-desks"
    stolen = PhoneAccount("1007", "Grace Hopper", "c" * 32)
    assert await bench.want(stolen) == ["-aor/1007", "+auth/1007", "+aor/1007", "+endpoint/1007"]


async def test_an_account_that_is_no_more_is_removed_and_nobody_elses_is(bench: Bench) -> None:
    await bench.want(GRACE)
    del bench.asterisk.objects["auth/1007"]
    assert await bench.want() == ["-endpoint/1007", "-aor/1007", "-auth/1007"]
    assert bench.asterisk.objects.keys() == OTHERS


async def test_a_phone_of_pjsip_conf_keeps_its_account_and_the_others_get_theirs(bench: Bench) -> None:
    with capture_logs() as logged:
        done = await bench.want(PhoneAccount("1001", "Alice", "d" * 32), HEIDI)
    assert done == ["+auth/1008", "+aor/1008", "+endpoint/1008"]
    (warning,) = (line for line in logged if line["log_level"] == "warning")
    assert (warning["event"], warning["phone"]) == ("phone_account_refused", "1001")
    assert "d" * 32 not in repr(logged)


async def test_what_asterisk_refuses_of_one_is_logged_and_keeps_no_other_away(bench: Bench) -> None:
    bench.asterisk.refused = "1007"
    with capture_logs() as logged:
        assert await bench.want(GRACE, HEIDI) == ["+auth/1008", "+aor/1008", "+endpoint/1008"]
    assert [line["event"] for line in logged if line["log_level"] == "warning"] == ["phone_account_refused"]


async def test_without_anything_to_be_made_like_none_is_made(bench: Bench) -> None:
    del bench.asterisk.objects["aor/any-phone"]
    with capture_logs() as logged:
        assert await bench.want(GRACE) == []
    (warning,) = (line for line in logged if line["log_level"] == "warning")
    assert (warning["event"], "[any-phone]" in warning["reason"]) == ("phone_accounts_not_brought", True)


async def test_an_asterisk_that_is_away_gets_them_later(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_accounts, "RETRY_SECONDS", 0.0)
    bench.asterisk.away = 2
    assert await bench.want(GRACE) == ["+auth/1007", "+aor/1007", "+endpoint/1007"]


async def test_one_that_goes_away_in_the_middle_gets_the_rest_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_accounts, "RETRY_SECONDS", 0.0)
    configure = bench.asterisk.configure
    failed: list[str] = []

    async def fails_once(kind: str, name: str, fields: Mapping[str, str]) -> None:
        if kind == "endpoint" and not failed:
            failed.append(name)
            raise Unreachable("connection lost")
        await configure(kind, name, fields)

    monkeypatch.setattr(bench.asterisk, "configure", fails_once)
    await bench.want(GRACE)
    assert bench.asterisk.objects.keys() == {*OTHERS, "auth/1007", "aor/1007", "endpoint/1007"}


async def test_behind_an_edge_an_account_has_its_place_there_and_no_secret(bench: Bench) -> None:
    bench.asterisk.objects["aor/any-phone"] |= {"contact": "sip:any-phone@192.0.2.1", "qualify_2xx_only": "true"}
    assert await bench.want(GRACE) == ["+aor/1007", "+endpoint/1007"]
    assert bench.asterisk.objects["aor/1007"]["contact"] == "sip:1007@192.0.2.1"
    assert "auth" not in bench.asterisk.objects["endpoint/1007"]


async def test_nothing_is_kept_any_more_once_it_is_closed(bench: Bench) -> None:
    bench.asterisk.away = 1
    bench.keeper.want({"1007": GRACE})
    bench.keeper.close()
    await bench.idle()
    assert bench.asterisk.objects.keys() == OTHERS
