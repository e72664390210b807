"""What must hold of callers who leave a message: nobody is rung for them, they are recorded or on their way out, and
each message is over once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ari_app.calls import effects as e
from ari_app.calls.model import Message

if TYPE_CHECKING:
    from tests.support.world import World


class Messages:
    """Those that are over, by id."""

    def __init__(self) -> None:
        self.over: dict[str, Message] = {}

    def note(self, world: World, effects: Sequence[e.Effect]) -> list[str]:
        """After a step: what it did to them that it must not."""
        found = []
        for effect in effects:
            if isinstance(effect, e.CreateLeg):
                call = world.switch.calls.get(effect.call)
                if call is not None and call.leaves_message:
                    found.append(f"{effect.leg} is rung for {call.id}, whose caller leaves a message")
            elif isinstance(effect, e.CallChanged) and (message := effect.call.message) is not None:
                if message.ended_at is None and effect.call.ended:
                    found.append(f"{effect.call.id} is over, and its message is not")
                elif message.ended_at is not None and self.over.setdefault(message.id, message) != message:
                    found.append(f"{message.id} is over twice")
        return found

    def restarted(self, world: World) -> None:
        """What the last step made of one may not have been written: it is over anew."""
        going_on = {call.message.id for call in world.switch.calls.values() if call.message and call.leaves_message}
        self.over = {name: message for name, message in self.over.items() if name not in going_on}


def wrong(world: World) -> list[str]:
    """Who is at a box, and neither recorded nor hears anything, now that everything has happened that could."""
    found = []
    for call in world.switch.calls.values() if world.asterisk.connected else ():
        caller = call.contact()
        channel = world.asterisk.world.channels.get(caller.leg or "") if caller is not None else None
        if call.leaves_message and channel is not None and not channel.playing:
            if world.asterisk.world.message_of(channel.id) is None:
                found.append(f"{call.id} leaves a message, and nobody records it")
            if channel.music is not None or channel.ringback:
                found.append(f"{call.id} leaves a message, and something is played into it")
    return found
