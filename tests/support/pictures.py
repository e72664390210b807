"""The pictures of docs/architecture.md, drawn from the code. `python -m tests.support.pictures` writes them.

The life of an offer is its table. The sequence is that of an instant transfer, played in the call centre of the tests:
each of its steps becomes some arrows, what came in and what was requested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import lifecycle
from ari_app.calls import stimuli as s
from ari_app.testing.asterisk import Behaviour
from tests.support.documents import ROOT
from tests.support.world import World, to

PAGE = ROOT / "docs" / "architecture.md"
_MARKS = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_HEAD = """sequenceDiagram
    participant D as Alice's desktop
    participant M as engine and switch
    participant V as availability
    participant X as Asterisk, by ari"""
_NOTES = {
    c.SingleStepTransfer: "an offer: who is free?",
    s.AgentReserved: "the contact is on hold, with music (S10)",
    s.LegRinging: "what was requested is done",
    s.LegAnswered: "accepted: Bob joins, the hold ends, Alice is done (S11)",
}
_AVAILABILITY = (e.ReserveAgent, e.SetActivity)
_BY_AVAILABILITY = (s.AgentReserved, s.AgentBecameAvailable)
_SHOWN = (e.ShowIdentity, e.LegChanged)


class _Watched(World):
    """A call centre whose steps are written down."""

    steps: list[tuple[s.Stimulus, list[e.Effect]]]

    def feed(self, stimulus: s.Stimulus) -> list[e.Effect]:
        effects = super().feed(stimulus)
        if hasattr(self, "steps"):
            self.steps.append((stimulus, effects))
        return effects


def transfer() -> str:
    """Alice, who talks to a contact, transfers them to Bob, who answers."""
    world = _Watched()
    world.phone("bob", Behaviour.NEVER)
    contact = world.arrives("agent", "alice")
    world.settle()
    call, alice = world.only_call(), world.leg_of("alice")
    world.steps = []
    world.command(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    world.settle()
    bob = world.leg_of("bob")
    for happens in (world.asterisk.ring, world.asterisk.answer):
        happens(bob)
        world.settle()
    names = {contact: "contact", alice: "Alice", bob: "Bob"}
    arrows = [arrow for stimulus, effects in world.steps for arrow in _arrows(stimulus, effects, names)]
    return "\n".join((_HEAD, *(f"    {arrow}" for arrow in arrows)))


def offer() -> str:
    """The life of an offer, as its table has it; those that are over without anybody stand together."""
    over = "\n".join(f"        {state.value}" for state in lifecycle.OVER)
    edges = [f"[*] --> {state.value}: {why}" for state, why in lifecycle.BEGINNINGS.items()]
    edges += [f"{a.value} --> {b.value}: {why}" for (a, b), why in lifecycle.TRANSITIONS.items()]
    edges += [f"{state.value} --> over: {why}" for state, why in lifecycle.ENDINGS.items()]
    head = f'stateDiagram-v2\n    state "over, nobody has come" as over {{\n{over}\n    }}\n'
    return head + "\n".join(f"    {edge}" for edge in (*edges, "accepted --> [*]", "over --> [*]"))


def _arrows(stimulus: s.Stimulus, effects: list[e.Effect], names: dict[str, str]) -> Iterator[str]:
    requested = [effect for effect in effects if not isinstance(effect, _SHOWN)]
    came_of = isinstance(stimulus, s.EffectDone)
    if came_of and all(isinstance(effect, e.CallChanged) for effect in requested):
        return
    who = "D" if isinstance(stimulus, c.BaseCommand) else "V" if isinstance(stimulus, _BY_AVAILABILITY) else "X"
    yield f"{who}->>M: {_said(stimulus, names)}"
    if type(stimulus) in _NOTES:
        yield f"Note over M: {_NOTES[type(stimulus)]}"
    for effect in sorted(requested, key=lambda x: isinstance(x, e.HangUp)):  # as the engine does it
        match effect:
            case e.CallChanged():
                pass  # drawn below, after what is requested
            case e.Reply():
                yield "M->>D: 200, with the call"
            case _:
                yield f"M->>{'V' if isinstance(effect, _AVAILABILITY) else 'X'}: {_said(effect, names)}"
    if any(isinstance(effect, e.CallChanged) for effect in requested):
        yield "M-->>D: call.updated"


def _said(value: object, names: dict[str, str]) -> str:
    about = [names.get(str(getattr(value, "leg", "")), ""), str(getattr(value, "agent", "") or "").capitalize()]
    if isinstance(value, e.SetActivity):
        about.append(value.activity or "none")
    return " ".join((type(value).__name__, *filter(None, about)))


def drawn(page: str) -> str:
    """The page with its pictures as they are now."""
    pictures = {"transfer": transfer, "offer": offer}
    return _MARKS.sub(lambda found: f"{found[1]}\n```mermaid\n{pictures[found[2]]()}\n```\n\n{found[3]}", page)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
