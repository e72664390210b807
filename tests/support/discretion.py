"""What must never be said, whatever a test is about: who somebody is that withholds it, and, outside, who works inside.

The pure tests' World asks this of all that the machine tells it, and of what it was notified.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic_core import to_json

from ari_app.calls import effects as e
from ari_app.calls.discretion import discreet
from ari_app.calls.model import Outside, Withheld
from ari_app.calls.stimuli import Stimulus
from ari_app.engine.storyfile import write
from ari_app.routing.targets import Target, TargetType

if TYPE_CHECKING:
    from tests.support.world import World

SECRET = Withheld("Odile Secret", "+33699887766")
_NOTIFIED = (e.CallAlarm, e.CallChanged, e.TalkChanged, e.LegChanged, e.Reply)


def check(world: World, stimulus: Stimulus, effects: list[e.Effect]) -> None:
    """Fails where a log of this step would tell the secret, or where Asterisk gets it."""
    _unsaid(repr(stimulus))
    for effect in effects:
        _unsaid(repr(effect))
        if not isinstance(effect, _NOTIFIED):
            _unsaid(repr(to_json(effect, fallback=repr)))
        if isinstance(effect, e.CreateLeg) and isinstance(effect.destination, Outside):
            _nobody_inside(world, effect)


def _nobody_inside(world: World, effect: e.CreateLeg) -> None:
    shown = effect.identity
    if (shown.name, shown.number) in {(chosen.name, chosen.number) for chosen in world.directory.caller_ids.values()}:
        return  # what the administrator lists may be shown
    assert shown.known, "somebody outside is called by nobody at all"
    number = world.directory.resolve(Target(TargetType.NUMBER, shown.number))
    assert number.type is TargetType.NUMBER, f"{number} is shown outside"
    assert shown.name not in {agent.name for agent in world.directory.agents.values()}, "an agent is shown outside"
    assert not effect.asserted or shown.anonymous, "two identities for one call"


def kept(world: World) -> list[str]:
    """Where the secret is kept or shown though nobody may see it."""
    stories = [discreet(entry.detail) for call in world.switch.calls for entry in world.switch.stories.of(call) or ()]
    found = {"the story": to_json(stories, fallback=repr).decode()}
    if not world.switch.directory.settings.agents_see_withheld:
        found["a snapshot"] = json.dumps(
            [x.decode() for x in (*world.saved_calls.values(), *world.saved_over.values(), *world.saved_legs.values())]
        )
        views = [world.shown(call, agent) for call in world.switch.calls.values() for agent in world.directory.agents]
        found["a view"] = to_json(views).decode()
    return [f"{where} tells who withholds it" for where, text in found.items() if not _is_unsaid(text)]


def written(world: World) -> list[str]:
    """The stories that would tell the secret in a file."""
    stories = world.switch.stories
    return [f"{c}'s file tells it" for c in stories.calls() if not _is_unsaid(write(c, stories.of(c) or ()))]


def _unsaid(text: str) -> None:
    assert _is_unsaid(text), f"it tells who withholds it: {text}"


def _is_unsaid(text: str) -> bool:
    return SECRET.name not in text and SECRET.number not in text
