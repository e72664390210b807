"""The OpenAPI 3.1 document, generated from the table of routes and the models that validate."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from pydantic import TypeAdapter

import ari_app
from ari_app.api.event_models import Event
from ari_app.api.examples import ANSWERS, REQUESTS
from ari_app.api.idempotency import HEADER
from ari_app.api.problems import CONTENT_TYPE, STATUS, TIMEOUT, TOO_LARGE, Problem
from ari_app.api.routes import Access, Route, adapter
from ari_app.errors import Code

type Json = dict[str, Any]

# What a standby answers too.
ALWAYS = frozenset({"healthz", "metrics"})

_REF = "#/components/schemas/{model}"


def openapi(routes: Sequence[Route]) -> Json:
    """The document, ready to be written as JSON."""
    adapters = _adapters(routes)
    schemas, shared = TypeAdapter.json_schemas(
        [(key, mode, adapter) for key, (mode, adapter) in adapters.items()], ref_template=_REF
    )
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Call control",
            "version": ari_app.__version__,
            "description": "Calls, transfers, conferences and availability of a contact centre on Asterisk.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": shared.get("$defs", {}),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _adapters(routes: Iterable[Route]) -> dict[str, tuple[Literal["validation", "serialization"], TypeAdapter[Any]]]:
    adapters: dict[str, tuple[Literal["validation", "serialization"], TypeAdapter[Any]]] = {
        "problem": ("serialization", adapter(Problem)),
        "event": ("serialization", adapter(Event)),
    }
    for route in routes:
        if route.body is not None:
            adapters[f"{route.operation}:request"] = ("validation", route.body)
        if route.answer is not None:
            adapters[f"{route.operation}:answer"] = ("serialization", adapter(route.answer))
        if route.query is not None:
            adapters[f"{route.operation}:query"] = ("validation", adapter(route.query))
    return adapters


def _operation(route: Route, schemas: Any) -> Json:
    operation: Json = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route),
        "responses": {**_success(route, schemas), **_problems(route, schemas)},
    }
    if route.description is not None:
        operation["description"] = route.description
    if route.access is not Access.PUBLIC:
        operation["security"] = [{"bearer": []}]
    if route.body is not None:
        schema = schemas[(f"{route.operation}:request", "validation")]
        operation["requestBody"] = {
            "required": not route.optional_body,
            "content": {"application/json": _with_example(schema, REQUESTS.get(route.request))},
        }
    return operation


def _parameters(route: Route) -> list[Json]:
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in route.parameters
    ]
    if route.query is not None:
        schema = route.query.model_json_schema(ref_template=_REF)
        for name, described in schema["properties"].items():
            required = name in schema.get("required", ())
            parameters.append({"name": name, "in": "query", "required": required, "schema": _inline(described, schema)})
    if route.method == "POST":
        parameters.append(
            {
                "name": HEADER,
                "in": "header",
                "required": False,
                "description": "A repeat with the same key gets the first's answer; nothing happens twice.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            }
        )
    return parameters


def _inline(described: Json, schema: Json) -> Json:
    """A query parameter in the document is one value: never null, and without references to its model."""
    for choice in described.get("anyOf", ()):
        if choice.get("type") != "null":
            return {**choice, **{k: v for k, v in described.items() if k not in ("anyOf", "default", "title")}}
    return described


def _success(route: Route, schemas: Any) -> Json:
    answer: Json = {"description": route.summary}
    if route.raw is not None:
        answer["content"] = {route.raw: {"schema": {"type": "string"}}}
    if route.answer is not None:
        schema = schemas[(f"{route.operation}:answer", "serialization")]
        answer["content"] = {route.raw or "application/json": _with_example(schema, ANSWERS.get(route.answer))}
    if route.also is not None:
        answer["content"][route.also] = {"schema": {"type": "string"}}
    if route.status == 201:
        answer["headers"] = {"Location": {"schema": {"type": "string"}, "description": "The new call"}}
    return {str(route.status): answer}


def _with_example(schema: Any, example: Mapping[str, Any] | None) -> Json:
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def _problems(route: Route, schemas: Any) -> Json:
    """Every status that a problem may come with, and the codes that go with it."""
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys((*_implied(route), *route.codes)):
        by_status.setdefault(STATUS[code], []).append(f"`{code.value}`")
    described = {status: ", ".join(codes) for status, codes in by_status.items()}
    if route.body is not None or route.method == "POST":
        described[TOO_LARGE] = f"`{Code.INVALID.value}`: the body is too large"
        described[TIMEOUT] = f"`{Code.INVALID.value}`: the body did not come in time"
    described |= route.statuses
    described[500] = "`internal`"
    content = {CONTENT_TYPE: {"schema": schemas[("problem", "serialization")]}}
    return {
        str(status): {"description": f"{HTTPStatus(status).phrase}: {text}", "content": content}
        for status, text in sorted(described.items())
    }


def _implied(route: Route) -> list[Code]:
    codes: list[Code] = [Code.FORBIDDEN]  # a page of another origin
    if route.operation not in ALWAYS:
        codes.append(Code.STANDBY)
    if route.access is not Access.PUBLIC:
        codes += [Code.UNAUTHENTICATED, Code.STORE_UNAVAILABLE, Code.RATE_LIMITED]
    if route.body is not None or route.query is not None or route.method in ("POST", "DELETE"):
        codes.append(Code.INVALID)
    if route.method == "POST":
        codes.append(Code.NOT_ALLOWED_NOW)  # a repeat of a request that a controller died over
    return codes
