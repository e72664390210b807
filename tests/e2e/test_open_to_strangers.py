"""What would be open to strangers does not start, and says all that is wrong at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.containers import ask_docker, with_container
from tests.e2e.own_asterisk import FILES, ended, made, packed
from tests.e2e.stack import Stack

NETWORK = "192.0.2.10"
"""An address of no machine (RFC 5737): whoever refuses it has not tried to listen."""


async def end_of(stack: Stack, part: str, command: list[str], **options: Any) -> tuple[int, str]:
    """The exit status of a container of that image without any network, and all that it said."""

    def run(client: Any) -> tuple[int, str]:
        image = client.containers.get(f"{stack.project}-{part}").attrs["Image"]
        container = client.containers.create(image, command, network_mode="none", cap_drop=["ALL"], **options)
        try:
            if "ARI_APP_CONFIG" in options["environment"]:
                container.put_archive("/etc/ari_app", _file_of_the_demonstration())
            container.start()
            return int(container.wait(timeout=30)["StatusCode"]), container.logs().decode()
        finally:
            container.remove(force=True, v=True)

    return await ask_docker(run)


def _file_of_the_demonstration() -> bytes:
    return packed({"callcentre.yaml": (FILES / "callcentre.yaml").read_text()})


async def test_asterisk_says_each_reason_for_which_it_does_not_listen_on_a_network(stack: Stack) -> None:
    surroundings = {
        "AST_ADDRESS": NETWORK,
        "AST_ARI_ADDRESS": NETWORK,
        "ARI_PASSWORD": "a",
        "AST_ENCRYPTION": "required",
    }
    status, said = await ended(await made(stack, surroundings, network="none"))
    assert status == 1
    codes = {line.split(": ")[1] for line in said.splitlines() if line.startswith("asterisk: ")}
    assert codes == {"ari_open", "ari_password_weak", "demo_phone_secrets", "certificate_missing"}, said
    assert "phone-1001" not in said


async def test_asterisk_names_phones_whose_secret_is_short(stack: Stack) -> None:
    pjsip = (
        (FILES / "pjsip.conf")
        .read_text()
        .replace("phone-1001", "short")
        .replace("phone-100", "long-enough-0123456789-")
    )
    status, said = await ended(await made(stack, {"AST_ADDRESS": NETWORK}, {"pjsip.conf": pjsip}, network="none"))
    assert (status, "short_phone_secrets: of the phones 1001 " in said) == (1, True), said
    assert "demo_phone_secrets" not in said


@pytest.mark.parametrize("password", ["redis-demo", "a"])
async def test_redis_does_not_listen_on_a_network_with_a_password_that_is_guessed(stack: Stack, password: str) -> None:
    environment = {"REDIS_ADDRESS": NETWORK, "REDIS_PASSWORD": password}
    status, said = await end_of(stack, "redis", [], entrypoint=["redis"], environment=environment)
    assert (status, "redis_password_weak" in said) == (1, True), said


async def test_a_call_centre_that_may_not_stand_on_a_network_learns_all_reasons_at_once(stack: Stack) -> None:
    environment = {
        "ARI_APP_CONFIG": "/etc/ari_app/callcentre.yaml",
        "ARI_APP_ARI_PASSWORD": "a",
        "ARI_APP_REDIS_URL": f"redis://:redis-demo@{NETWORK}:6379/0",
        "ARI_APP_ARI_URL": f"http://{NETWORK}:8088",
        "ARI_APP_API_HOST": NETWORK,
        "ARI_APP_TLS_CERTIFICATE": "/nowhere.pem",
    }
    status, said = await end_of(stack, "controller", ["exposure", "--json"], environment=environment)
    found = json.loads(said)
    assert status == 1
    assert {finding["level"] for finding in found} == {"error"}
    assert {finding["code"] for finding in found} == {
        *("demo_passwords", "demo_phone_secrets", "ari_password_weak", "redis_password_weak"),
        *("certificate_wrong", "ari_open", "redis_open"),
    }
    environment = {name: value for name, value in environment.items() if name != "ARI_APP_TLS_CERTIFICATE"}
    _, said = await end_of(stack, "controller", ["exposure", "--json"], environment=environment)
    assert "api_open" in {finding["code"] for finding in json.loads(said)}


async def test_passwords_of_the_demonstration_run_where_somebody_says_that_it_is_one_and_nowhere_else(
    stack: Stack,
) -> None:
    environment = {
        "ARI_APP_CONFIG": "/etc/ari_app/callcentre.yaml",
        "ARI_APP_ARI_PASSWORD": "x" * 24,
        "ARI_APP_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    status, said = await end_of(stack, "controller", ["run"], environment=environment)
    assert (status, "is the demo's, refused without ARI_APP_DEMO=yes" in said) == (1, True), said
    behind = {**environment, "ARI_APP_DEMO": "yes", "ARI_APP_TRUSTED_PROXIES": "127.0.0.1"}
    status, said = await end_of(stack, "controller", ["run"], environment=behind)
    assert (status, "refused on what is reached by the proxies" in said) == (1, True), said
    shown = await with_container(f"{stack.project}-controller", lambda container: container.attrs["Config"]["Env"])
    assert "ARI_APP_DEMO=yes" in shown
