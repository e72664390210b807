"""The AsyncAPI 3 document: the stream of events, what a client may say in it, and what receivers of webhooks are sent;
generated from the same models."""

from pydantic import BaseModel, TypeAdapter

import ari_app
from ari_app.api.event_models import EVENTS
from ari_app.api.openapi import Json
from ari_app.api.subscriptions import Subscribe, Unsubscribe
from ari_app.api.webhook_models import NOTICES, SignatureHeaders
from ari_app.api.websocket import DESCRIPTION

_SAID = (Subscribe, Unsubscribe)
_WEBHOOKS = """Each event is a POST to the receiver's address, signed as Standard Webhooks. Any 2xx takes it; 410 ends
them; all else, redirects too, has it tried again for a day. It comes at least once."""


def asyncapi() -> Json:
    """The document, ready to be written as JSON."""
    sent = [(model.__name__, "serialization", TypeAdapter(model)) for model in (*EVENTS, *NOTICES, SignatureHeaders)]
    said = [(model.__name__, "validation", TypeAdapter(model)) for model in _SAID]
    _, shared = TypeAdapter.json_schemas([*sent, *said], ref_template="#/components/schemas/{model}")  # type: ignore[list-item]
    names = [model.__name__ for model in (*EVENTS, *_SAID)]
    notices = [model.__name__ for model in NOTICES]
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
            "events": _channel("/v1/events", "A WebSocket.", names),
            "webhooks": _channel(None, _WEBHOOKS, notices),
        },
        "operations": {
            "receiveEvents": _operation("send", "events", [model.__name__ for model in EVENTS]),
            "subscribe": _operation("receive", "events", [model.__name__ for model in _SAID]),
            "receiveWebhooks": _operation("send", "webhooks", notices),
        },
        "components": {
            "messages": {name: _message(name) for name in names}
            | {name: {**_message(name), **_SIGNED} for name in notices},
            "schemas": shared.get("$defs", {}) | _whole(SignatureHeaders),
        },
    }


_SIGNED: Json = {
    "contentType": "application/cloudevents+json",
    "headers": {"$ref": f"#/components/schemas/{SignatureHeaders.__name__}"},
}


def _whole(model: type[BaseModel]) -> Json:
    return {model.__name__: model.model_json_schema(by_alias=True)}


def _message(name: str) -> Json:
    return {"name": name, "payload": {"$ref": f"#/components/schemas/{name}"}}


def _channel(address: str | None, description: str, names: list[str]) -> Json:
    """Without an address: it is the receiver's."""
    return {
        "address": address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operation(action: str, channel: str, names: list[str]) -> Json:
    """`send` is what the server does."""
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names],
    }
