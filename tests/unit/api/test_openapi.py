"""The OpenAPI document is valid and tells of every route; that answers keep to it is checked with each of them."""

import warnings
from typing import Any

from jsonschema_rs import validator_for

from ari_app.api.examples import ANSWERS, REQUESTS
from ari_app.api.routes import adapter
from tests.unit.api.fakes import DOCUMENT, World


async def test_it_is_valid(world: World) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the validator's own dependencies
        from openapi_spec_validator import validate

        validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


async def test_it_tells_of_every_route_and_of_problems(world: World) -> None:
    assert len({r.operation for r in world.server.routes}) == len(world.server.routes)
    for route in world.server.routes:
        operation: Any = DOCUMENT["paths"][route.path][route.method.lower()]
        assert operation["operationId"] == route.operation
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]


async def test_no_answer_in_json_is_described_as_a_text(world: World) -> None:
    for route in world.server.routes:
        operation: Any = DOCUMENT["paths"][route.path][route.method.lower()]
        content = operation["responses"][str(route.status)].get("content", {})
        assert content.get("application/json", {}).get("schema") != {"type": "string"}, route.operation


async def test_every_body_that_desktops_send_or_get_has_an_example_that_is_right(world: World) -> None:
    for route in world.server.routes:
        operation: Any = DOCUMENT["paths"][route.path][route.method.lower()]
        bodies = [operation.get("requestBody", {}), operation["responses"][str(route.status)]]
        for body in bodies:
            for content_type, described in body.get("content", {}).items():
                if content_type != "application/json" or route.tag in ("admin", "running"):
                    continue
                schema = {**described["schema"], "components": DOCUMENT["components"]}
                validator_for(schema, validate_formats=True).validate(described["example"])
    for request, example in REQUESTS.items():
        adapter(request).validate_python(example)
    for answer, example in ANSWERS.items():
        made = adapter(answer)
        assert made.dump_python(made.validate_python(example), mode="json") == example  # no field too few or too many


async def test_every_path_of_the_contract_is_there(world: World) -> None:
    call, party = "/v1/calls/{call}", "/v1/calls/{call}/parties/{party}"
    verbs = "answer hold retrieve release clear cancel single-step-transfer single-step-conference initiate-transfer"
    verbs += " complete-transfer complete-conference alternate reconnect merge send-dtmf"
    verbs += " start-recording pause-recording resume-recording stop-recording"
    expected = {("post", f"{call}/{v}") for v in verbs.split()}
    on_party = ("mute", "unmute", "deafen", "undeafen", "hold", "retrieve", "send-dtmf")
    expected |= {("post", f"{party}/{v}") for v in on_party}
    expected |= {("post", f"{call}/{v}") for v in ("monitor", "stop-monitoring", "take-over")}
    expected |= {
        ("delete", party),
        ("patch", f"{call}/user-data"),
        ("get", call),
        ("get", f"{call}/hearing"),
        ("get", "/v1/calls"),
    }
    expected |= {("post", "/v1/calls"), ("post", "/v1/login"), ("post", "/v1/logout"), ("get", "/v1/me")}
    expected |= {
        ("put", "/v1/me/state"),
        ("put", "/v1/me/password"),
        ("get", "/v1/login"),
        ("get", "/v1/login/oidc"),
        ("post", "/v1/login/oidc"),
        ("get", "/v1/login/oidc/callback"),
        ("post", "/v1/logout/oidc"),
        ("delete", "/v1/agents/{agent}/sessions"),
        ("get", "/v1/me/phone"),
        ("get", "/v1/me/day"),
        ("get", "/v1/me/missed"),
        ("put", "/v1/me/missed/seen"),
        ("get", "/v1/agents"),
        ("put", "/v1/agents/{agent}/state"),
        ("get", "/v1/live"),
        ("get", "/v1/alarms"),
        ("get", "/v1/admin/webhooks"),
        ("get", "/v1/admin/webhooks/{webhook}/dead-letters"),
        ("post", "/v1/admin/webhooks/{webhook}/retry"),
        ("get", "/v1/openings"),
        ("put", "/v1/targets/{target}/opening"),
        ("get", "/v1/callbacks"),
        ("delete", "/v1/callbacks/{call}"),
        ("get", "/v1/admin/configuration"),
        ("get", "/v1/history"),
        ("get", "/v1/reports/queues"),
        ("get", "/v1/reports/agents"),
        ("get", "/v1/recordings"),
        ("get", "/v1/recordings/{recording}"),
        ("delete", "/v1/recordings/{recording}"),
        ("get", "/v1/voicemails"),
        ("get", "/v1/voicemails/{voicemail}"),
        ("put", "/v1/voicemails/{voicemail}"),
        ("delete", "/v1/voicemails/{voicemail}"),
        ("patch", "/v1/calls/{call}/disposition"),
        ("put", "/v1/me/phone"),
        ("get", "/phone"),
        ("post", "/v1/events/ticket"),
        ("get", "/v1/targets"),
        ("get", "/v1/targets/{target}"),
        ("get", "/v1/events"),
    }
    expected |= {("post", "/v1/admin/reload"), ("get", "/v1/admin/calls")}
    expected |= {("get", f"/v1/admin/calls/{{call}}/{what}") for what in ("story", "story/file")}
    given = "/v1/admin/agents/{agent}"
    expected |= {(method, f"{given}/{what}") for method in ("put", "delete") for what in ("groups", "skills")}
    expected |= {("get", "/v1/admin/agents")}
    expected |= {(method, "/v1/me/favourites/{target}") for method in ("put", "delete")}
    expected |= {
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/metrics"),
        ("get", "/v1/openapi.json"),
        ("get", "/v1/asyncapi.json"),
    }
    there = {(method, path) for path, operations in DOCUMENT["paths"].items() for method in operations}
    assert there == expected
