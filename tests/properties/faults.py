"""What goes on by itself, and what goes wrong."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from tests.properties.scene import SELDOM, Scene
from tests.support import account, repeats


class Faults(Scene):
    """Faults are seldom: a call that never gets anywhere shows nothing."""

    @rule(index=st.integers(0, 20))
    def one_thing_happens(self, index: int) -> None:
        lanes = self.world.asterisk.pending()
        if "link" in lanes:  # nothing overtakes reconciliation
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

    @precondition(lambda self: self.world.asterisk.connected and self.world.asterisk.world.channels)
    @rule(now=SELDOM, who=st.integers(0, 9))
    def asterisk_loses_a_leg_from_its_bridge(self, now: bool, who: int) -> None:
        if now:
            legs = sorted(self.world.asterisk.world.channels)
            self.world.asterisk.lose_from_bridge(legs[who % len(legs)])

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
    @rule(leaving=st.booleans())
    def the_link_is_back(self, leaving: bool) -> None:
        self.world.asterisk.restore_link(leaving=leaving)

    @precondition(lambda self: self.world.asterisk.connected and self.world.asterisk.world.channels)
    @rule(now=SELDOM, who=st.integers(0, 9))
    def somebody_hangs_up_as_the_link_is_cut_and_is_still_listed(self, now: bool, who: int) -> None:
        if now:
            legs = sorted(self.world.asterisk.world.channels)
            self.world.lose_link()
            self.world.asterisk.hang_up(legs[who % len(legs)])
            self.world.asterisk.restore_link(leaving=True)

    @rule(now=SELDOM, behind=st.booleans())
    def the_controller_dies(self, now: bool, behind: bool) -> None:
        """`behind`: what its last step made of calls was done, and not yet written."""
        if now:
            self.world.restart(behind=behind)

    @rule(now=SELDOM, which=st.integers(1, 3))
    def the_controller_dies_and_a_command_is_repeated(self, now: bool, which: int) -> None:
        """One of the last: whether it was answered, nobody may have heard that."""
        if not now or len(self.world.commands) < which:
            return
        name = list(self.world.commands)[-which]
        self.world.restart()
        while not self.world.switch.state.linked and self.world.step():
            pass
        assert not repeats.wrong(self.world, name)

    @rule(now=SELDOM, dies=st.booleans())
    def the_controller_is_lost_as_it_is_about_to_dial(self, now: bool, dies: bool) -> None:
        """It `dies`, or its connection alone does: what it has decided was written, and is not requested."""
        if not now:
            return
        while not (about := account.never_dialled(self.world)) and self.world.step():
            pass
        if about and dies:
            self.world.restart()
        elif about and self.world.asterisk.connected:
            self.world.lose_link()
            self.world.asterisk.restore_link()

    @rule(now=SELDOM, dies=st.booleans())
    def the_controller_is_lost_as_it_is_about_to_ring_a_phone(self, now: bool, dies: bool) -> None:
        """What was decided for somebody who is there is done when it is back: nobody hears of a phone that was never
        rung that it cannot be reached."""
        if not now or not self.world.asterisk.connected:
            return
        while not (about := account.to_be_rung(self.world)) and self.world.step():
            pass
        if not about:
            return
        if dies:
            self.world.restart()
        else:
            self.world.lose_link()
            self.world.asterisk.restore_link()
        while not self.world.switch.state.linked and self.world.step("link" if not dies else None):
            pass
        assert account.to_be_rung(self.world) >= about

    @precondition(lambda self: self.world.asterisk.connected)
    @rule(now=SELDOM)
    def redis_comes_back_empty(self, now: bool) -> None:
        if now:
            self.world.agents.activity.clear()
            self.world.agents.held_for.clear()
            self.world.feed(s.AvailabilityEmptied())

    @rule(away=SELDOM)
    def redis_is_away(self, away: bool) -> None:
        self.world.agents.away = away
