"""Who did what, from where, and what came of it stands in the record; what must not stand there does not."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from ari_app.api.auditor import REFUSALS
from ari_app.api.limits import FAILURES
from ari_app.audit.chain import Entry
from ari_app.config.credentials import ApiKey, Credential
from ari_app.routing.phones import PhoneAccount
from tests.unit.api.fakes import World, call, party


def recorded(world: World, what: str) -> list[Entry]:
    return [entry for entry in world.recorded if entry.what == what]


async def test_a_login_a_failure_and_a_logout_are_on_record_with_who_and_from_where(world: World) -> None:
    await world.ask("POST", "/v1/login", json={"agent": "alice", "password": "wrong-secret"})
    token = await world.token("alice")
    await world.ask("POST", "/v1/logout", token=token)
    failed, logged_in = recorded(world, "login")
    assert (failed.who, failed.agents, failed.outcome) == ("", ("alice",), "unauthenticated")
    assert (logged_in.who, logged_in.outcome) == ("alice", "done")
    assert [(entry.who, entry.outcome) for entry in recorded(world, "logout")] == [("alice", "done")]
    assert all(entry.address.startswith("127.") for entry in world.recorded)
    assert "secret" not in repr(world.recorded)
    assert token not in repr(world.recorded)


async def test_what_somebody_typed_for_a_name_is_not_on_record_it_may_be_a_password(world: World) -> None:
    await world.ask("POST", "/v1/login", json={"agent": "correct horse battery", "password": "x"})
    world.server.auditor.flush()
    assert "horse" not in repr(world.recorded)
    assert [(e.what, e.details) for e in world.recorded] == [("refused", {"unauthenticated": "1"})]


async def test_three_thousand_requests_of_nobody_are_one_line_and_do_not_flush_the_log(world: World) -> None:
    with capture_logs() as logs:
        for _ in range(30):
            await world.ask("GET", "/v1/" + "x" * 4000, check=False)
            await world.ask("GET", "/v1/me")
    world.server.auditor.flush()
    assert [(e.what, e.who, e.details) for e in world.recorded] == [
        ("refused", "", {"not_found": "30", "unauthenticated": "30"})
    ]
    paths = [line["path"] for line in logs if line["event"] == "http_request"]
    assert len(paths) == 60
    assert max(map(len, paths)) == 200


async def test_what_one_agent_is_refused_again_and_again_is_counted_too(world: World, alice: str) -> None:
    for _ in range(REFUSALS + 5):
        await world.ask("POST", "/v1/admin/reload", token=alice)
    world.server.auditor.flush()
    assert len(recorded(world, "reload")) == REFUSALS
    assert recorded(world, "reload")[0].outcome == "forbidden"
    assert [(e.who, e.details) for e in recorded(world, "refused")] == [("alice", {"forbidden": "5"})]


async def test_a_call_out_is_on_record_with_number_and_caller_id(world: World, alice: str) -> None:
    body = {"target": "number:+33123456789", "caller_id": "main", "user_data": {"pin": "4711"}}
    await world.ask("POST", "/v1/calls", token=alice, json=body)
    (entry,) = recorded(world, "make_call")
    assert (entry.who, entry.numbers, entry.details) == (
        "alice", {"target": "number:+33123456789"}, {"caller_id": "main"},
    )  # fmt: skip
    assert "4711" not in repr(world.recorded)


async def test_digits_are_not_on_record(world: World, alice: str) -> None:
    world.control.up["c1"] = call("c1", party("p1", "alice"), party("p2"))
    await world.ask("POST", "/v1/calls/c1/send-dtmf", token=alice, json={"digits": "4711"})
    assert "4711" not in repr(world.recorded)


async def test_a_state_given_by_somebody_else_is_on_record(world: World) -> None:
    token = await world.token("erin")
    body = {"state": "not_ready", "reason": "lunch"}
    answer = await world.ask("PUT", "/v1/agents/alice/state", token=token, json=body)
    assert answer.status == 200
    (entry,) = recorded(world, "set_agent_state")
    assert (entry.who, entry.agents, entry.details) == ("erin", ("alice",), {"state": "not_ready", "reason": "lunch"})


async def test_monitoring_is_on_record_with_its_mode(world: World) -> None:
    token = await world.token("erin")
    world.control.up["c1"] = call("c1", party("p1", "alice"), party("p2"), owner="alice")
    await world.ask("POST", "/v1/calls/c1/monitor", token=token, json={"mode": "whisper"})
    (entry,) = recorded(world, "monitor_call")
    assert (entry.who, entry.call, entry.details["mode"]) == ("erin", "c1", "whisper")


async def test_a_reload_is_on_record_with_what_it_changed_and_no_secret(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await world.token("admin")
    directory = world.control.now_directory
    agents = dict(directory.agents)
    del agents["carol"]
    agents["alice"] = replace(agents["alice"], max_calls=7)

    async def reload() -> list[object]:
        world.control.now_directory = replace(directory, agents=agents)
        world.control.credentials = {**world.control.credentials, "bob": Credential(password="another-secret")}
        world.control.keys = {"0" * 64: ApiKey("crm", "CRM", frozenset({"calls:read"}))}
        world.control.accounts = {"1002": PhoneAccount("1002", "Bob", "f" * 32)}
        return []

    world.control.accounts = {"1002": PhoneAccount("1002", "Bob", "0" * 32)}
    monkeypatch.setattr(world.control, "reload", reload)
    await world.ask("POST", "/v1/admin/reload", token=token)
    (entry,) = recorded(world, "reload")
    assert entry.who == "admin"
    assert entry.details["agents.carol"] == "removed"
    assert entry.details["agents.alice.max_calls"] == "2 -> 7"
    assert entry.details["credentials.bob"] == "changed"
    assert entry.details["api_keys.crm"] == "added"
    assert entry.details["credentials.phone:1002"] == "changed"
    assert "f" * 32 not in repr(world.recorded)
    assert "0" * 64 not in repr(world.recorded)
    assert "secret" not in repr(world.recorded)


async def test_stories_and_sessions_and_passwords_are_on_record(world: World) -> None:
    token = await world.token("admin")
    await world.ask("GET", "/v1/admin/calls/nothing/story", token=token)
    await world.ask("DELETE", "/v1/agents/alice/sessions", token=token)
    body = {"current_password": "admin-demo", "new_password": "quite another one"}
    await world.ask("PUT", "/v1/me/password", token=token, json=body)
    assert [(e.what, e.who, e.outcome) for e in world.recorded if e.what != "login"] == [
        ("get_story", "admin", "not_found"), ("end_sessions", "admin", "done"), ("change_password", "admin", "done"),
    ]  # fmt: skip
    assert "another one" not in repr(world.recorded)


async def test_a_guesser_at_one_agents_password_does_not_push_other_lines_out_of_the_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.api.auditor.REFUSALS", 3)
    for _ in range(FAILURES + 20):
        await world.ask("POST", "/v1/login", json={"agent": "alice", "password": "wrong"})
    world.server.auditor.flush()
    assert len(recorded(world, "login")) == 3
    assert [(e.who, e.details) for e in recorded(world, "refused")] == [
        ("", {"rate_limited": "20", "unauthenticated": str(FAILURES - 3)})
    ]


async def test_what_is_refused_while_working_hides_no_attempt_at_what_is_forbidden(world: World, alice: str) -> None:
    for _ in range(REFUSALS + 5):
        await world.ask("POST", "/v1/calls/nothing/hold", token=alice)
    await world.ask("POST", "/v1/admin/reload", token=alice)
    assert [(e.who, e.outcome) for e in recorded(world, "reload")] == [("alice", "forbidden")]
