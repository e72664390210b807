"""The machine under any legal interleaving: people, phones, lost answers, failing effects, crashes.

After every burst everything is let happen, and nothing may be wrong: no leaked channel, bridge or reservation, every
command answered once, whoever is on hold hears music, and who hears whom is what the parties say (S31).
"""

import os
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import DEAD, DialplanEntry, LegState, MonitorMode
from ari_app.errors import Code
from ari_app.routing.directory import CallerId, Role
from ari_app.testing.asterisk import Behaviour
from ari_app.testing.asterisk_model import State
from tests.properties import walk
from tests.support import account, discretion
from tests.support.callcentre import directory
from tests.support.world import World, to

AGENTS = ("alice", "bob", "carol", "dave")
TARGETS = tuple(
    to(text)
    for text in (
        "agent:alice",
        "agent:bob",
        "agent:carol",
        "agent:erin",
        "group:support",
        "group:sales",
        "group:front",
        "skill:french>=3",
        "number:+33123456789",
        "number:1002",
        "routing_point:billing",
        "group:nowhere",
    )
)
ON_CALL = (
    c.Answer,
    c.Hold,
    c.Retrieve,
    c.Release,
    c.Clear,
    c.Cancel,
    c.CompleteTransfer,
    c.CompleteConference,
    c.Alternate,
    c.Reconnect,
    c.Merge,
)
RECORDING = (c.StartRecording, c.PauseRecording, c.ResumeRecording, c.StopRecording)
ON_PARTY = (
    c.MuteParty,
    c.UnmuteParty,
    c.DeafenParty,
    c.UndeafenParty,
    c.HoldParty,
    c.RetrieveParty,
    c.RemoveParty,
)
SUPERVISORS = ("erin", "oscar")
INITIATIONS = (c.SingleStepTransfer, c.SingleStepConference, c.InitiateTransfer)


SELDOM = st.integers(0, 7).map(lambda n: n == 0)
# Once as it mostly is, once with all that the administrator may switch on.
EVERYTHING: dict[str, Any] = {
    "max_hold": 20.0,
    "transfer_progress": True,
    "call_waiting": AGENTS,
    "company": CallerId("company", "Company", "+33100000000"),
    "agents_see_withheld": True,
}
BEGINNINGS = (*walk.beginnings(), *walk.beginnings(withholding=True, **EVERYTHING))


class CallCentre(RuleBasedStateMachine):
    """People and faults in any order. Faults are seldom: a call that never gets anywhere shows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(directory(feature_codes=walk.CODES, talk_detection=True))

    @initialize(index=st.integers(-3, len(BEGINNINGS) - 1))
    def it_has_come_so_far(self, index: int) -> None:
        """Nobody yet, or one of the situations that calls come to."""
        if index >= 0:
            self.world = walk.fork(BEGINNINGS[index])

    # -- people -------------------------------------------------------------------------------------------------------

    @rule(
        verb=st.sampled_from(
            (
                ("group", "support"),
                ("agent", "bob"),
                ("skill", "french"),
                ("group", "nowhere"),
                ("queue", "help"),
                ("group", "together"),
                ("group", "front"),
            )
        ),
        withholding=st.booleans(),
    )
    def a_caller_comes(self, verb: tuple[str, str], withholding: bool) -> None:
        self.world.withholding = withholding
        if len(self.world.switch.calls) < 4:
            self.world.arrives(*verb)

    @precondition(lambda self: self.world.asterisk.world.channels)
    @rule(index=st.integers(0, 9), withheld=st.booleans())
    def somebody_is_passed_on_by_their_own_switchboard(self, index: int, withheld: bool) -> None:
        self.world.passed_on(self._channel(index), withheld=withheld)

    @rule(see=st.booleans(), now=SELDOM)
    def the_administrator_says_whether_agents_see_what_is_withheld(self, see: bool, now: bool) -> None:
        if now:
            settings = replace(self.world.directory.settings, agents_see_withheld=see)
            self.world.configure(replace(self.world.directory, settings=settings))

    @rule(agent=st.sampled_from((*AGENTS, "erin")), number=st.sampled_from(("1002", "2000", "+33123456", "*", "4000")))
    def a_phone_dials(self, agent: str, number: str) -> None:
        if len(self.world.switch.calls) < 4:
            phone = self.world.directory.agents[agent].phone
            self.world.arrives("dial", number, endpoint=phone or "")

    @rule(agent=st.sampled_from((*AGENTS, "erin")), kind=st.sampled_from(("ready", "not_ready", "logout", "what")))
    def a_feature_code_is_dialled(self, agent: str, kind: str) -> None:
        self.world.arrives("feature", kind, endpoint=self.world.directory.agents[agent].phone or "")

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
                self.world.command(c.Monitor, who, mode=mode, **fields)

    @precondition(lambda self: self.world.switch.calls)
    @rule(agent=st.sampled_from(AGENTS), index=st.integers(0, 5))
    def an_agent_does_what_he_may(self, agent: str, index: int) -> None:
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

    @precondition(lambda self: self.world.asterisk.world.channels)
    @rule(index=st.integers(0, 9), cause=st.sampled_from((16, 17, 19, 21, 38)))
    def a_phone_hangs_up(self, index: int, cause: int) -> None:
        self.world.asterisk.hang_up(self._channel(index), cause)

    @precondition(lambda self: self.world.asterisk.world.channels and self.world.asterisk.connected)
    @rule(index=st.integers(0, 9), seen_by_asterisk=st.booleans())
    def a_leg_dies(self, index: int, seen_by_asterisk: bool) -> None:
        """No power, no network: nobody hangs up. Whoever had that agent alone is kept, and not in silence; so they are
        where the phone was only rung again, in vain.
        """
        self.world.settle()
        if self.world.asterisk.world.channels:
            leg = self._channel(index)
            left_alone = walk.left_alone_by(self.world, leg)
            if seen_by_asterisk or self.world.asterisk.world.channels[leg].state is not State.UP:
                self.world.asterisk.hang_up(leg, DEAD)
            else:
                self.world.feed(s.LegDied(leg))
            self.world.settle()
            talks = {hearer for hearer, _ in self.world.asterisk.hears()}
            assert left_alone <= talks | walk.on_hold(self.world), "a contact was lost with an agent's phone"
            assert not self.world.wrong()

    @precondition(lambda self: self.world.asterisk.world.channels)
    @rule(index=st.integers(0, 9))
    def a_phone_is_answered(self, index: int) -> None:
        self.world.asterisk.answer(self._channel(index))

    @precondition(lambda self: self.world.asterisk.world.channels)
    @rule(index=st.integers(0, 9), again=st.booleans())
    def the_hold_key_is_pressed(self, index: int, again: bool) -> None:
        press = self.world.asterisk.press_retrieve if again else self.world.asterisk.press_hold
        press(self._channel(index))

    @precondition(lambda self: self.world.switch.calls)
    @rule(index=st.integers(0, 9), then=st.integers(0, 1000), where=st.sampled_from(TARGETS))
    def a_phone_holds_and_its_desktop_goes_on(self, index: int, then: int, where: object) -> None:
        """Two owners of one hold: the phone's key, then whatever its agent may do at the desktop."""
        self.world.settle()
        mine = [leg for leg in self.world.switch.legs.values() if leg.agent is not None and leg.state is LegState.UP]
        if not mine:
            return
        leg = mine[index % len(mine)]
        self.world.asterisk.press_hold(leg.id)
        self.world.settle()
        listed = [p for p in walk.commands(self.world) if p.listed and p.by == leg.agent]
        if listed:
            chosen = listed[then % len(listed)]
            fields = dict(chosen.fields) | ({"target": where} if "target" in chosen.fields else {})
            self.world.command(chosen.kind, chosen.by, role=chosen.role, **fields)

    @precondition(lambda self: self.world.asterisk.world.channels and self.world.asterisk.connected)
    @rule(index=st.integers(0, 9), to=st.sampled_from(("1002@from-phones", "2000@x", "9@x")))
    def the_transfer_key_is_pressed(self, index: int, to: str) -> None:
        """Asterisk puts a channel of its own in the leg's place, and the phone hangs up."""
        leg = self._channel(index)
        if self._snoops(leg) is None:
            self.world.asterisk.refer(leg, to)

    @precondition(lambda self: len(self._pairs()) > 0 and self.world.asterisk.connected)
    @rule(index=st.integers(0, 30), of_one_phone=st.integers(0, 3).map(bool))
    def the_transfer_key_is_pressed_with_two_calls(self, index: int, of_one_phone: bool) -> None:
        """Mostly of one phone. Told once for each leg; Asterisk finds a dialog whoever has it."""
        pairs = self._pairs()
        of_one = [(leg, other) for leg, other in pairs if self._agent_of(leg) == self._agent_of(other)]
        if of_one_phone and of_one:
            pairs = of_one
        leg, other = pairs[index % len(pairs)]
        self.world.asterisk.refer(leg, "_attended@transfer", other)

    @precondition(lambda self: self.world.asterisk.world.channels)
    @rule(index=st.integers(0, 9), keys=st.sampled_from((*walk.CODES.values(), "1002#", "2000", "17#", "*", "#")))
    def keys_are_pressed(self, index: int, keys: str) -> None:
        for key in keys:
            self.world.asterisk.press_key(self._channel(index), key)

    @precondition(lambda self: self.world.asterisk.world.channels)
    @rule(index=st.integers(0, 9), talking=st.booleans())
    def somebody_speaks_or_is_silent(self, index: int, talking: bool) -> None:
        self.world.asterisk.talk(self._channel(index), talking)

    @precondition(lambda self: self.world.asterisk.world.channels)
    @rule(
        index=st.integers(0, 9),
        number=st.sampled_from(("1002", "2000", "9", "+33123456789")),
        other=st.none() | st.integers(0, 9),
    )
    def a_transfer_key_of_ours_is_pressed(self, index: int, number: str, other: int | None) -> None:
        """Asterisk moves nothing, and asks; also of phones that were up before the administrator wanted it so."""
        leg = self._channel(index)
        self.world.asterisk.world.channels[leg].transfer_key = True
        named = None if other is None else self._channel(other)
        self.world.asterisk.press_transfer(leg, number, replaces=other is not None, other=named)

    @precondition(lambda self: self.world.asterisk.connected)
    @rule(verb=st.sampled_from((("skill", "french"), ("group", "sales"), ("group", "nowhere"), ("agent", "bob"))))
    def a_routing_point_hands_its_caller_back(self, verb: tuple[str, str]) -> None:
        for leg, channel in list(self.world.asterisk.world.channels.items()):
            half = f"{leg}-2"
            dialplan = isinstance(channel.destination, DialplanEntry) and channel.state is State.UP
            if dialplan and half not in self.world.asterisk.world.channels:
                self.world.asterisk.arrive(half, "4000@routing-points", *verb, via=leg)

    @rule(agent=st.sampled_from(AGENTS), behaviour=st.sampled_from(Behaviour))
    def a_phone_will(self, agent: str, behaviour: Behaviour) -> None:
        self.world.phone(agent, behaviour)

    @rule(agent=st.sampled_from((*AGENTS, "erin")), there=st.booleans(), now=SELDOM)
    def a_phone_is_unplugged_or_plugged_in(self, agent: str, there: bool, now: bool) -> None:
        if now or there:
            self.world.plug(agent, there=there)

    @rule(agents=st.sets(st.sampled_from(AGENTS)))
    def agents_have_several_phones(self, agents: set[str]) -> None:
        users = {self.world.directory.agents[agent].phone or "" for agent in agents}
        self.world.asterisk.places = {user: (f"sip:{user}@desk", f"sip:{user}@home") for user in users}

    @rule(end=st.booleans())
    def prompts_are_long_or_come_to_their_end(self, end: bool) -> None:
        """What is played when somebody answers, or comes back, is as long as it likes."""
        self.world.asterisk.prompts_end = end
        if end:
            self.world.asterisk.end_prompts()

    @rule(index=st.integers(0, 3))
    def an_agent_goes_home(self, index: int) -> None:
        waited_for = [agent for agent in AGENTS if walk.waits_for(self.world, agent)]
        agent = (waited_for or AGENTS)[index % len(waited_for or AGENTS)]
        self.world.feed(s.AgentLoggedOut(agent))
        assert not walk.waits_for(self.world, agent), "somebody waits for an agent who went home"

    # -- what goes on by itself ---------------------------------------------------------------------------------------

    @rule(index=st.integers(0, 20))
    def one_thing_happens(self, index: int) -> None:
        lanes = self.world.asterisk.pending()
        if "link" in lanes:  # nothing overtakes the stock-taking
            self.world.step("link")
        else:
            self.world.step(lanes[index % len(lanes)] if lanes and index % 3 else None)

    @rule()
    def everything_happens(self) -> None:
        self.world.settle()
        if self.world.asterisk.connected:
            assert not self.world.wrong()

    @rule()
    def time_passes(self) -> None:
        self.world.pass_time()

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    @rule(
        kind=st.sampled_from(
            (
                e.JoinBridge,
                e.StartMusic,
                e.CreateBridge,
                e.CreateLeg,
                e.CreateSnoop,
                e.HangUp,
                e.SetMute,
                e.DialLeg,
                e.StartRecorder,
                e.PauseRecorder,
                e.StopRecorder,
                e.PlayToBridge,
                e.Announce,
            )
        ),
        done=st.booleans(),
        now=SELDOM,
    )
    def an_effect_fails(self, kind: type, done: bool, now: bool) -> None:
        if now:
            self.world.asterisk.fail_next(lambda effect: isinstance(effect, kind), carried_out=done)

    @precondition(lambda self: self.world.asterisk.world.tapes)
    @rule(now=SELDOM)
    def a_file_cannot_be_written(self, now: bool) -> None:
        if now:
            self.world.asterisk.cannot_write(next(iter(self.world.asterisk.world.tapes)))

    @precondition(lambda self: self.world.asterisk.connected)
    @rule(now=SELDOM)
    def the_link_is_lost(self, now: bool) -> None:
        if now:
            self.world.lose_link()

    @precondition(lambda self: not self.world.asterisk.connected)
    @rule()
    def the_link_is_back(self) -> None:
        self.world.asterisk.restore_link()

    @rule(now=SELDOM)
    def the_controller_dies(self, now: bool) -> None:
        if now:
            self.world.restart()

    @rule(away=SELDOM)
    def redis_is_away(self, away: bool) -> None:
        self.world.agents.away = away

    # -- always -------------------------------------------------------------------------------------------------------

    @invariant()
    def nothing_was_released_by_a_fault_of_ours(self) -> None:
        assert not self.world.alarms

    def teardown(self) -> None:
        if not self.world.asterisk.connected:
            self.world.asterisk.restore_link()
        self.world.settle()
        assert not self.world.wrong()
        self._nobody_waits_for_ever()
        assert not account.replayed_otherwise(self.world)
        assert not discretion.written(self.world)

    def _nobody_waits_for_ever(self) -> None:
        """Nobody comes to the phone any more: whoever waits on hold for an agent who does nothing else is helped."""
        settings = self.world.directory.settings
        for agent in (*AGENTS, *SUPERVISORS):
            self.world.phone(agent, Behaviour.DECLINE)
        calls = len(self.world.switch.calls)  # one after the other, where several wait for the same agent
        for _ in range((settings.max_recalls + 2) * max(1, calls)):
            self._asterisk_gives_up_ringing()
            self.world.pass_time(settings.recall)
            self.world.settle()
        for agent in self.world.directory.agents:
            busy = any(leg.agent == agent and leg.state is LegState.UP for leg in self.world.switch.legs.values())
            assert busy or not walk.waits_for(self.world, agent), "somebody waits for ever"

    def _asterisk_gives_up_ringing(self) -> None:
        """As it does by itself after the time that it was told with the dialling."""
        for leg, channel in list(self.world.asterisk.world.channels.items()):
            if channel.state in (State.DIALLING, State.RINGING):
                self.world.asterisk.hang_up(leg, 19)
        self.world.settle()

    def _snoops(self, leg: str) -> str | None:
        return self.world.asterisk.world.channels[leg].snoops

    def _pairs(self) -> list[tuple[str, str]]:
        """Any two legs that agents talk through."""
        up = [leg.id for leg in self.world.switch.legs.values() if leg.agent is not None and leg.state is LegState.UP]
        here = [leg for leg in up if leg in self.world.asterisk.world.channels and self._snoops(leg) is None]
        return [(one, two) for one in here for two in here if one != two]

    def _agent_of(self, leg: str) -> str | None:
        known = self.world.switch.legs.get(leg)
        return known.agent if known is not None else None

    def _call(self, index: int) -> str:
        calls = list(self.world.switch.calls)
        return calls[index % len(calls)]

    def _channel(self, index: int) -> str:
        channels = list(self.world.asterisk.world.channels)
        return channels[index % len(channels)]


CallCentre.TestCase.settings = settings(
    max_examples=int(os.environ.get("CC_EXAMPLES", "300")), stateful_step_count=40, deadline=None
)
TestCallCentre = CallCentre.TestCase
