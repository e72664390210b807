"""Events as Asterisk sends them, and the facts that become of them."""

from typing import Any

from ari_app.ari.events import Translator
from ari_app.calls.stimuli import AsteriskFact

APP = "callcontrol"


def channel(leg: str = "leg", state: str = "Down", name: str = "PJSIP/1001-0000002a", **more: Any) -> dict[str, Any]:
    return {"id": leg, "name": name, "state": state, "caller": {"name": "", "number": ""}, "language": "fr", **more}


def start(leg: str = "leg", *args: str, **more: Any) -> dict[str, Any]:
    return {"type": "StasisStart", "application": APP, "args": list(args), "channel": channel(leg, **more)}


def event(kind: str, leg: str = "leg", state: str = "Down", caller: Any = None, **more: Any) -> dict[str, Any]:
    who = {} if caller is None else {"caller": caller}
    return {"type": kind, "channel": channel(leg, state, **who), **more}


def dial(status: str, leg: str = "leg") -> dict[str, Any]:
    return {"type": "Dial", "dialstatus": status, "peer": channel(leg), "dialstring": "1001"}


def tell(translator: Translator, *events: dict[str, Any]) -> list[AsteriskFact]:
    return [fact for each in events for fact in translator.facts(each)]
