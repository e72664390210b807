"""The services of docker/compose.yaml, for the Docker SDK."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.runner.callcentre import settings
from tests.runner.compose import Options, named_volumes, service
from tests.runner.places import Place

PLACE = Place(70, Path("lock"), 0)
IMAGES = {"ASTERISK_TAG": "a1", "CONTROLLER_TAG": "c1", "BOTS_TAG": "b1"}
SETTINGS = settings(PLACE, IMAGES, Path("/tmp/files"))


def of(name: str) -> Options:
    """As the tests have it."""
    return service(name, SETTINGS)


@pytest.mark.parametrize("name", ["asterisk", "redis", "controller"])
def test_a_part_has_the_name_by_which_tests_take_it_away(name: str) -> None:
    assert of(name)["name"] == f"cctest-70-{name}"
    assert of(name)["network_mode"] == "host"
    assert of(name)["restart_policy"] == {"Name": "unless-stopped"}
    assert of(name)["log_config"].config == {
        "max-size": "50m" if name == "asterisk" else "10m",
        "max-file": "3",
        "tag": "{{.Name}}",
    }


def test_images_are_those_that_were_built() -> None:
    images = [of(name)["image"] for name in ("asterisk", "redis", "controller", "bots")]
    assert images == [
        "callcontrol-asterisk:a1",
        "callcontrol-controller:c1",
        "callcontrol-controller:c1",
        "callcontrol-bots:b1",
    ]


def test_volumes_are_the_projects_and_directories_the_hosts() -> None:
    asterisk = of("asterisk")
    assert asterisk["volumes"] == [
        *(f"/tmp/secrets/{name}:/run/secrets/{name}:ro" for name in ("ari_password", "tls_certificate", "tls_key")),
        "/tmp/files:/srv/asterisk:ro",
        "cctest-70_asterisk:/var/lib/asterisk",
        "cctest-70_recordings:/var/spool/asterisk/recording",
    ]
    assert named_volumes(asterisk) == ["cctest-70_asterisk", "cctest-70_recordings"]
    assert named_volumes(of("controller")) == ["cctest-70_recordings", "cctest-70_history"]
    assert named_volumes(of("bots")) == []


def test_a_healthcheck_is_counted_in_nanoseconds() -> None:
    redis = of("redis")
    assert redis["healthcheck"] == {
        "test": ["CMD", "redis", "healthy"],
        "interval": 10_000_000_000,
        "timeout": 4_000_000_000,
        "retries": 3,
    }
    assert (redis["user"], redis["entrypoint"], redis["command"]) == ("redis", ["redis"], [])


def test_everything_listens_and_calls_at_the_place() -> None:
    assert of("asterisk")["environment"]["AST_ADDRESS"] == "127.0.70.1"
    assert of("asterisk")["environment"]["AST_SIP_PORT"] == "5060"
    bots = of("bots")["environment"]
    assert (bots["CC_API_URL"], bots["CC_BIND"]) == ("http://127.0.70.1:8080", "127.0.70.1")
    assert (bots["CC_CARRIER"], bots["CC_COMPOSE_PROJECT"]) == ("127.0.70.2:5080", "cctest-70")
    assert bots["CC_ARI_PASSWORD"] == SETTINGS["ARI_PASSWORD"]


@pytest.mark.parametrize("name", ["asterisk", "redis", "controller"])
def test_no_part_has_a_right_that_it_does_not_need_nor_a_secret_in_its_environment(name: str) -> None:
    part = of(name)
    assert (part["cap_drop"], part["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert part["read_only"] is True
    assert part["tmpfs"]["/tmp"] == "mode=1777"
    assert 0 < part["pids_limit"] <= 16_384
    assert part["mem_limit"][-1] == "g"
    assert not {SETTINGS["ARI_PASSWORD"], SETTINGS["REDIS_PASSWORD"]} & set(str(part["environment"]).split("'"))


def test_secrets_are_new_each_time() -> None:
    secrets = {settings(PLACE, IMAGES, Path("/tmp"))[name] for name in ("ARI_PASSWORD", "REDIS_PASSWORD") for _ in "ab"}
    assert len(secrets) == 4


def test_what_the_surroundings_hold_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "AST_ARI_PORT", "9999")
    assert of("asterisk")["environment"]["AST_ARI_PORT"] == "8088"


@pytest.mark.parametrize("said", ["privileged: true", "volumes: ['./here:/there']"])
def test_nothing_of_the_file_is_left_out_in_silence(said: str) -> None:
    with pytest.raises(ValueError, match=r"compose\.yaml"):
        service("redis", SETTINGS, f"services: {{redis: {{image: x, {said}}}}}")
