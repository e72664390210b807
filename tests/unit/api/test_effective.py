"""What an administrator reads of the configuration that runs: all of it, and no secret."""

from dataclasses import replace

from ari_app.config.errors import ConfigError
from ari_app.routing.directory import IceServer, PagePhone
from tests.unit.api.fakes import DEMO, World


async def test_all_of_it_by_section_and_every_setting(world: World) -> None:
    answer = (await world.ask("GET", "/v1/admin/configuration", token=await world.token("admin"))).json
    assert (answer["state"], answer["faults"]) == ("current", [])
    configuration = answer["configuration"]
    assert list(configuration["agents"]) == list(DEMO.directory.agents)
    assert configuration["agents"]["alice"]["phone"] == "1001"
    assert configuration["queues"]["sales"]["groups"] == ["sales"]
    assert configuration["groups"]["support"]["enabled_for"] == ["call", "conference", "transfer"]
    assert configuration["settings"]["max_parties"] == DEMO.directory.settings.max_parties
    assert configuration["outside"][0]["pattern"] == DEMO.directory.outside[0].pattern
    assert configuration["settings"]["page_phone"]["enabled"] is True


async def test_no_secret_is_in_it(world: World) -> None:
    directory = world.control.now_directory
    phone = PagePhone(True, (IceServer(("turn:t.example.org",), "desk", "turn-secret"),))
    world.control.now_directory = replace(directory, settings=replace(directory.settings, page_phone=phone))
    answer = await world.ask("GET", "/v1/admin/configuration", token=await world.token("admin"))
    assert answer.json["configuration"]["settings"]["page_phone"]["ice_servers"] == [
        {"urls": ["turn:t.example.org"], "username": "desk"}
    ]
    for secret in ("turn-secret", "password", "alice-demo"):
        assert secret not in answer.text


async def test_the_faults_of_the_file_are_reported_with_what_runs(world: World) -> None:
    world.control.found = [ConfigError("callcentre.yaml", 7, "agents.alice.phone", "is missing")]
    answer = (await world.ask("GET", "/v1/admin/configuration", token=await world.token("admin"))).json
    assert answer["state"] == "last_good"
    assert answer["faults"] == [
        {"file": "callcentre.yaml", "line": 7, "field": "agents.alice.phone", "message": "is missing"}
    ]


async def test_it_is_for_administrators_only(world: World) -> None:
    erin = await world.token("erin")
    assert (await world.ask("GET", "/v1/admin/configuration", token=erin)).code == "forbidden"
