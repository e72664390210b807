"""Whoever got no answer requests the same again, of the next controller: what was carried out must not happen twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ari_app.calls import commands as c
from ari_app.calls import effects as e

if TYPE_CHECKING:
    from tests.support.world import World


def repeat(world: World, name: str) -> Sequence[e.Effect]:
    """What happens by it."""
    world.replies.pop(name, None)
    world.refusals.pop(name, None)
    world.requested.add(name)
    return world.feed(replace(world.commands[name], again=True))


def wrong(world: World, name: str) -> list[str]:
    """The controller has died, and this command is repeated: what is not so as it should be.

    Digits may have been heard before or not: nobody knows.
    """
    command = world.commands[name]
    effects = repeat(world, name)
    if name not in world.carried_out or isinstance(command, c.SendDtmf):
        return []
    twice = [f"{command} is done twice: {x}" for x in effects if isinstance(x, e.OnAsterisk | e.OnAgents)]
    return twice + [f"{command} was done, and is refused: {x}" for x in effects if isinstance(x, e.Refuse)]
