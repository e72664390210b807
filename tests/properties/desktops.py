"""What people do who call, and at desktops."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import NO_ROOM, MonitorMode, counted
from ari_app.errors import Code
from ari_app.routing.directory import Role
from ari_app.routing.hours import Chosen
from tests.properties import walk
from tests.properties.scene import AGENTS, SELDOM, SUPERVISORS, TARGETS, Scene
from tests.support.world import CALLER

RECORDING = tuple(kind for kind in c.ON_CALL.values() if issubclass(kind, c.RecordingCommand))
ON_CALL = tuple(
    kind
    for kind in c.ON_CALL.values()
    if walk.is_bare(kind) and not issubclass(kind, c.RecordingCommand | c.MonitoringCommand)
)
ON_PARTY = tuple(kind for kind in c.ON_PARTY.values() if issubclass(kind, c.PartyCommand))
INITIATIONS = tuple(kind for kind in c.ON_CALL.values() if issubclass(kind, c.OfferCommand))


class Desktops(Scene):
    """Callers, agents and supervisors; what they want may be anything."""

    @rule(
        verb=st.sampled_from(
            (
                ("group", "support"),
                ("agent", "bob"),
                ("skill", "french"),
                ("group", "nowhere"),
                ("queue", "help"),
                ("queue", "help", "9"),
                ("group", "support", "-2"),
                ("group", "together"),
                ("group", "front"),
            )
        ),
        withholding=st.booleans(),
    )
    def a_caller_comes(self, verb: tuple[str, ...], withholding: bool) -> None:
        self.world.withholding = withholding
        if len(self.world.switch.calls) < 4:
            self.world.arrives(*verb)

    @rule(
        what=st.sampled_from(("queue:help", "group:support", "group:sales", "routing_point:billing")),
        chosen=st.sampled_from(Chosen),
        seconds=st.sampled_from((None, 5.0, 60.0)),
    )
    def a_supervisor_opens_or_closes_something(self, what: str, chosen: Chosen, seconds: float | None) -> None:
        until = self.world.now + seconds if seconds is not None else None
        self.world.chooses(what, chosen, until=until)

    @rule(where=st.sampled_from((NO_ROOM, counted("support"), counted("support", CALLER.number))), full=st.booleans())
    def there_is_room_for_messages_or_not(self, where: str, full: bool) -> None:
        self.world.feed(s.MessagesCounted({where: 1_000 if full else 0}))

    @precondition(lambda self: self.world.asterisk.world.channels)
    @rule(index=st.integers(0, 9), withheld=st.booleans())
    def somebody_is_passed_on_by_their_own_switchboard(self, index: int, withheld: bool) -> None:
        self.world.passed_on(self._channel(index), withheld=withheld)

    @rule(see=st.booleans(), now=SELDOM)
    def the_administrator_says_whether_agents_see_what_is_withheld(self, see: bool, now: bool) -> None:
        if now:
            settings = replace(self.world.directory.settings, agents_see_withheld=see)
            self.world.configure(replace(self.world.directory, settings=settings))

    @rule(
        agent=st.sampled_from((*AGENTS, "erin")),
        where=st.sampled_from(TARGETS),
        caller_id=st.sampled_from((None, "support")),
    )
    def an_agent_calls(self, agent: str, where: object, caller_id: str | None) -> None:
        self.world.command(c.MakeCall, agent, target=where, caller_id=caller_id)

    @precondition(lambda self: self.world.switch.calls)
    @rule(agent=st.sampled_from(AGENTS), kind=st.sampled_from(ON_CALL), index=st.integers(0, 5))
    def an_agent_commands(self, agent: str, kind: type[c.CallCommand], index: int) -> None:
        self.world.command(kind, agent, call=self._call(index))

    @precondition(lambda self: self.world.switch.calls)
    @rule(
        agent=st.sampled_from(AGENTS),
        kind=st.sampled_from(INITIATIONS),
        where=st.sampled_from(TARGETS),
        index=st.integers(0, 5),
    )
    def an_agent_wants_somebody(self, agent: str, kind: type[c.OfferCommand], where: object, index: int) -> None:
        self.world.command(kind, agent, call=self._call(index), target=where)

    @precondition(lambda self: self.world.switch.calls)
    @rule(agent=st.sampled_from(AGENTS), kind=st.sampled_from(ON_PARTY), index=st.integers(0, 5), who=st.integers(0, 9))
    def an_agent_commands_a_party(self, agent: str, kind: type[c.PartyCommand], index: int, who: int) -> None:
        call = self.world.switch.calls[self._call(index)]
        parties = list(call.parties)
        self.world.command(kind, agent, call=call.id, party=parties[who % len(parties)])

    @precondition(lambda self: self.world.switch.calls)
    @rule(index=st.integers(0, 20))
    def a_recording_is_begun_paused_resumed_or_stopped(self, index: int) -> None:
        self.world.settle()
        listed = [p for p in walk.commands(self.world) if p.listed and p.kind in RECORDING and p.by == "olga"]
        if listed:
            chosen = listed[index % len(listed)]
            self.world.command(chosen.kind, chosen.by, role=chosen.role, **chosen.fields)

    @precondition(lambda self: self.world.switch.calls)
    @rule(
        who=st.sampled_from((*SUPERVISORS, *SUPERVISORS, "alice")),
        mode=st.sampled_from((*MonitorMode, None)),
        index=st.integers(0, 5),
    )
    def a_supervisor_watches(self, who: str, mode: MonitorMode | None, index: int) -> None:
        """Listens, whispers, barges in, takes over, or (None) has heard enough."""
        fields: dict[str, Any] = {"role": Role.SUPERVISOR, "call": self._call(index)}
        match mode:
            case None:
                self.world.command(c.StopMonitoring, who, **fields)
            case MonitorMode.TAKE_OVER:
                self.world.command(c.TakeOver, who, **fields)
            case _:
                self.world.command(c.MonitorCall, who, mode=mode, **fields)

    @precondition(lambda self: self.world.switch.calls)
    @rule(agent=st.sampled_from(AGENTS), index=st.integers(0, 5))
    def an_agent_does_what_they_may(self, agent: str, index: int) -> None:
        """Every action that is listed works, unless something comes between."""
        self.world.settle()
        if self.world.switch.calls:
            call = self.world.switch.calls[self._call(index)]
            for kind in ON_CALL:
                name = {c.Retrieve: "retrieve", c.Hold: "hold", c.Alternate: "alternate"}.get(kind)
                if name and name in self.world.seen(agent, call.id).actions and self.world.asterisk.connected:
                    command = self.world.command(kind, agent, call=call.id)
                    refusal = self.world.refusals.get(command)
                    no_phone = refusal is not None and refusal.code is Code.PHONE_UNREACHABLE
                    assert refusal is None or (no_phone and agent in self.world.unplugged), refusal
                    return

    @precondition(lambda self: self.world.switch.calls)
    @rule(index=st.integers(0, 1000), where=st.sampled_from(TARGETS))
    def somebody_does_what_is_listed(self, index: int, where: object) -> None:
        """What random commands hit seldom: one of all that may be done now."""
        self.world.settle()
        listed = [possible for possible in walk.commands(self.world) if possible.listed]
        if listed:
            chosen = listed[index % len(listed)]
            fields = dict(chosen.fields)
            if "target" in fields:
                fields["target"] = where
            self.world.command(chosen.kind, chosen.by, role=chosen.role, **fields)

    @rule(index=st.integers(0, 3), back=st.booleans())
    def an_agent_goes_home_or_comes_back(self, index: int, back: bool) -> None:
        """Before or after they hang up."""
        waited_for = [agent for agent in AGENTS if walk.waits_for(self.world, agent)]
        agent = (waited_for or AGENTS)[index % len(waited_for or AGENTS)]
        (self.world.is_back if back else self.world.goes_home)(agent)

    @precondition(lambda self: self.world.switch.calls)
    @rule(index=st.integers(0, 3), now=SELDOM)
    def an_agent_is_taken_out_of_the_file(self, index: int, now: bool) -> None:
        """In the middle of anything; often while somebody waits for them."""
        waited_for = [agent for agent in AGENTS if walk.waits_for(self.world, agent)]
        gone = (waited_for or AGENTS)[index % len(waited_for or AGENTS)]
        if now or waited_for:
            agents = {name: agent for name, agent in self.world.directory.agents.items() if name != gone}
            self.world.configure(replace(self.world.directory, agents=agents))

    @rule(agent=st.sampled_from(AGENTS), ready=st.booleans())
    def an_agent_is_in_the_file_again(self, agent: str, ready: bool) -> None:
        if agent not in self.world.directory.agents:
            agents = {**self.world.directory.agents, agent: self.world.everybody[agent]}
            self.world.configure(replace(self.world.directory, agents=agents))
            (self.world.is_back if ready else self.world.goes_home)(agent)
            self.world.inbox.extend(self.world.agents.do(e.SetAgentState(agent, "ready" if ready else "logged_out")))
