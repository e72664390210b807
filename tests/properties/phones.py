"""What people do with phones."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ari_app.calls import stimuli as s
from ari_app.calls.model import DEAD, DialplanEntry, LegState, MessageToHear
from ari_app.testing.asterisk import Behaviour
from ari_app.testing.asterisk_model import State
from tests.properties import walk
from tests.properties.scene import AGENTS, SELDOM, TARGETS, Scene
from tests.support.hearers import BOXES


class Phones(Scene):
    """Every key, in any order; a phone may also be unplugged, or die."""

    @rule(agent=st.sampled_from((*AGENTS, "erin")), number=st.sampled_from(("1002", "2000", "+33123456", "*", "4000")))
    def a_phone_dials(self, agent: str, number: str) -> None:
        if len(self.world.switch.calls) < 4:
            phone = self.world.everybody[agent].phone
            self.world.arrives("dial", number, endpoint=phone or "")

    @rule(
        agent=st.sampled_from((*AGENTS, "erin")),
        kind=st.sampled_from(("ready", "not_ready", "logout", "what")),
        said=st.booleans(),
    )
    def a_feature_code_is_dialled(self, agent: str, kind: str, *, said: bool) -> None:
        """`said`: how their last call went."""
        self.world.outcomes_missing = set() if said else {agent}
        self.world.arrives("feature", kind, endpoint=self.world.everybody[agent].phone or "")

    @rule(
        agent=st.sampled_from(("alice", "erin", "erin")),
        what=st.sampled_from(("queue:help", "group:support", "2001", "routing_point:billing", "what")),
    )
    def a_phone_opens_or_closes_something(self, agent: str, what: str) -> None:
        self.world.arrives("feature", "opening", what, endpoint=self.world.everybody[agent].phone or "")

    @rule(agent=st.sampled_from((*AGENTS, "erin")), found=st.sampled_from(BOXES))
    def a_phone_wants_to_hear_messages(self, agent: str, found: tuple[MessageToHear, ...] | None) -> None:
        if len(self.world.switch.calls) < 4:
            self.world.in_boxes = found
            self.world.arrives("feature", "voicemail", "en", endpoint=self.world.everybody[agent].phone or "")

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
        """Mostly of one phone. Reported once for each leg; Asterisk finds a dialog whoever has it."""
        pairs = self._pairs()
        of_one = [(leg, other) for leg, other in pairs if self._agent_of(leg) == self._agent_of(other)]
        if of_one_phone and of_one:
            pairs = of_one
        leg, other = pairs[index % len(pairs)]
        self.world.asterisk.refer(leg, "_attended@transfer", other)

    @precondition(lambda self: self.world.asterisk.world.channels)
    @rule(
        index=st.integers(0, 9),
        keys=st.sampled_from((*walk.CODES.values(), "1002#", "2000", "17#", *"*#1234")),
    )
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
        users = {self.world.everybody[agent].phone or "" for agent in agents}
        self.world.asterisk.places = {user: (f"sip:{user}@desk", f"sip:{user}@home") for user in users}

    @rule(end=st.booleans())
    def prompts_are_long_or_come_to_their_end(self, end: bool) -> None:
        """What is played when somebody answers, or comes back, is as long as it likes."""
        self.world.asterisk.prompts_end = end
        if end:
            self.world.asterisk.end_prompts()
