"""The AsyncAPI 3 document: the stream of events and what a client may say in it, generated from the same models."""

from pydantic import TypeAdapter

import ari_app
from ari_app.api.event_models import EVENTS
from ari_app.api.openapi import Json
from ari_app.api.subscriptions import Subscribe, Unsubscribe
from ari_app.api.websocket import DESCRIPTION

_SAID = (Subscribe, Unsubscribe)


def asyncapi() -> Json:
    """The document, ready to be written as JSON."""
    sent = [(model.__name__, "serialization", TypeAdapter(model)) for model in EVENTS]
    said = [(model.__name__, "validation", TypeAdapter(model)) for model in _SAID]
    _, shared = TypeAdapter.json_schemas([*sent, *said], ref_template="#/components/schemas/{model}")  # type: ignore[list-item]
    names = [model.__name__ for model in (*EVENTS, *_SAID)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Call control: events",
            "version": ari_app.__version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": "/v1/events",
                "description": "A WebSocket.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            }
        },
        "operations": {
            "receiveEvents": _operation("send", [model.__name__ for model in EVENTS]),
            "subscribe": _operation("receive", [model.__name__ for model in _SAID]),
        },
        "components": {
            "messages": {name: {"name": name, "payload": {"$ref": f"#/components/schemas/{name}"}} for name in names},
            "schemas": shared.get("$defs", {}),
        },
    }


def _operation(action: str, names: list[str]) -> Json:
    """`send` is what the server does."""
    return {
        "action": action,
        "channel": {"$ref": "#/channels/events"},
        "messages": [{"$ref": f"#/channels/events/messages/{name}"} for name in names],
    }
