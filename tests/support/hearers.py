"""What must hold of agents who hear messages: they are alone, hear something or are waited for, and are not free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ari_app.calls import effects as e
from ari_app.calls.model import MessageToHear, Stage

if TYPE_CHECKING:
    from tests.support.world import World

NEW = MessageToHear("v1", "calls/v1", 999_000.0, "+33612345678")
BOXES: tuple[tuple[MessageToHear, ...] | None, ...] = (
    None,
    (),
    (NEW,),
    (NEW, MessageToHear("v2", "calls/v2", 998_000.0), MessageToHear("v3", "calls/v3", 999_500.0, "2001", new=False)),
)
"""What may be found in boxes; None: the store is away."""


def note(effects: Sequence[e.Effect]) -> list[str]:
    """After a step: what is marked of a message is not taken back, and none is played that stays new."""
    found = []
    for effect in effects:
        if not isinstance(effect, e.CallChanged) or (heard := effect.call.listening) is None:
            continue
        before = effect.before.listening if effect.before is not None else None
        for message, mark in before.marks.items() if before is not None else ():
            now = heard.marks.get(message)
            if now is None or (mark.state == "done" and now.state != "done"):
                found.append(f"{message} was {mark.state}, and is not so any more")
        played = heard.messages[heard.at] if heard.stage is Stage.MESSAGE else None
        if played is not None and played.new and played.id not in heard.marks:
            found.append(f"{played.id} is heard, and new all the same")
    return found


def wrong(world: World) -> list[str]:
    """Now that everything has happened that could."""
    found = []
    for call in world.switch.calls.values():
        heard = call.listening
        if heard is None or not world.asterisk.connected:
            continue
        (me,) = call.joined()
        channel = world.asterisk.world.channels.get(me.leg or "")
        if heard.agent in world.directory.agents and world.agents.activity.get(heard.agent) != "on_call":
            found.append(f"{heard.agent} hears messages, and could be rung")
        if channel is None or channel.bridge is not None or channel.music is not None or channel.ringback:
            found.append(f"{heard.agent} hears messages, and something else")
        elif not channel.playing and heard.until is None:
            found.append(f"{heard.agent} hears nothing, and nothing is to come")
    return found
