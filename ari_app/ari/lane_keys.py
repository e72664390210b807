"""What a lane may carry, and behind what it has to stay in order."""

from collections.abc import Mapping
from urllib.parse import unquote_plus

# Of a leg: none waits for anything but the channel's thread, which does nothing else but what is requested of it.
_OF_CHANNEL = frozenset(
    (
        "POST answer", "POST dial", "POST moh", "DELETE moh", "POST mute", "DELETE mute", "POST ring", "DELETE ring",
        "POST silence", "DELETE silence", "POST variables",
    )
)  # fmt: skip
_OF_BRIDGE = frozenset(("POST addChannel", "POST removeChannel"))
_PLACES = "PJSIP_DIAL_CONTACTS("
BEHIND_NOTHING = "#behind-nothing"
"""A hang-up, which may free the thread that others wait for; and where a phone is, which Asterisk's core knows: behind
each other, and behind nothing else."""


def key_of(method: str, resource: str, query: Mapping[str, str]) -> str | None:
    """The leg, bridge or device with which this is to stay in order; None: no lane gets it."""
    kind, *rest = resource.split("/")
    match kind, rest:
        case "channels", ["create"] if method == "POST":
            return query.get("channelId")
        case "channels", [_] if method == "DELETE":
            return BEHIND_NOTHING
        case "channels", [_, "variable"] if method == "GET" and query.get("variable", "").startswith(_PLACES):
            return BEHIND_NOTHING
        case "channels", [channel, verb] if f"{method} {verb}" in _OF_CHANNEL:
            return unquote_plus(channel)
        case "bridges", [bridge] if method in ("POST", "DELETE"):
            return unquote_plus(bridge)
        case "bridges", [_, verb] if f"{method} {verb}" in _OF_BRIDGE:
            return query.get("channel")
        case "deviceStates", [device] if method in ("PUT", "DELETE"):
            return unquote_plus(device)
        case _:
            return None
