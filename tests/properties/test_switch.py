"""The machine under any legal interleaving: people, phones, lost answers, failing effects, crashes.

After every burst everything is let happen, and nothing may be wrong: no leaked channel, bridge or reservation, every
command answered once, whoever is on hold hears music, and who hears whom is what the parties say (S31).
"""

import os

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant

from ari_app.calls.model import LegState, MonitorMode
from ari_app.routing.hours import Chosen
from ari_app.testing.asterisk import Behaviour
from ari_app.testing.asterisk_model import State
from tests.properties import walk
from tests.properties.callers import Callers
from tests.properties.desktops import Desktops
from tests.properties.faults import Faults
from tests.properties.phones import Phones
from tests.properties.scene import AGENTS, SUPERVISORS
from tests.support import account, discretion
from tests.support.world import CALLER, to


class CallCentre(Desktops, Phones, Callers, Faults):
    """People and faults in any order."""

    @invariant()
    def nothing_was_released_by_a_fault_of_ours(self) -> None:
        assert not self.world.alarms

    def teardown(self) -> None:
        if not self.world.asterisk.connected:
            self.world.asterisk.restore_link()
        self.world.settle()
        assert not self.world.wrong()
        self._nobody_waits_for_ever()
        self._nobody_is_called_back_for_ever()
        assert not account.replayed_otherwise(self.world)
        assert not self.world.recorded.replayed_otherwise()
        assert not self.world.recorded.wrong
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
        for agent in self.world.everybody:
            busy = any(leg.agent == agent and leg.state is LegState.UP for leg in self.world.switch.legs.values())
            assert busy or not walk.waits_for(self.world, agent), "somebody waits for ever"

    def _nobody_is_called_back_for_ever(self) -> None:
        """Nobody answers them, and nobody is there: in the end that is known, and those who oversee know it too."""
        promised = [back.expires_at for c in self.world.switch.calls.values() if (back := c.to_call_back()) is not None]
        if promised:
            self.world.pass_time(max(0.0, max(promised) - self.world.now))
            self._asterisk_gives_up_ringing()
            self.world.pass_time(1.0)
            self.world.settle()
        assert not self.world.wrong()
        over = [
            c for c in self.world.switch.calls.values() if (b := c.to_call_back()) and b.expires_at <= self.world.now
        ]
        assert all(call.joined() or call.offering() for call in over), "somebody is to be called back for ever"

    def _asterisk_gives_up_ringing(self) -> None:
        """As it does by itself after the time that it was given with the dialling."""
        for leg, channel in list(self.world.asterisk.world.channels.items()):
            if channel.state in (State.DIALLING, State.RINGING):
                self.world.asterisk.hang_up(leg, 19)
        self.world.settle()


CallCentre.TestCase.settings = settings(max_examples=int(os.environ.get("CC_EXAMPLES", "300")), stateful_step_count=40)
TestCallCentre = CallCentre.TestCase


def test_a_number_dialled_by_hand_that_nobody_answers_does_not_end_another_call_on_that_line() -> None:
    """A walk that failed once: the goodbye of one call was played into the next one, and its line was hung up."""
    centre = CallCentre()
    centre.it_has_come_so_far(2)
    centre.a_phone_dials("alice", "1002")
    centre.a_phone_holds_and_its_desktop_goes_on(0, 0, to("agent:alice"))
    centre.an_agent_calls("alice", to("routing_point:billing"), None)
    centre.everything_happens()
    centre.time_passes()
    centre.prompts_are_long_or_come_to_their_end(False)
    centre.everything_happens()
    centre.teardown()


def test_who_hears_nobody_because_the_only_other_one_was_muted_has_not_been_lost_with_a_phone_that_rings() -> None:
    """Another: two outside, one of whom a supervisor has muted, and their agent's phone, rung in vain, dies."""
    centre = CallCentre()
    centre.it_has_come_so_far(17)
    centre.a_recording_is_begun_paused_resumed_or_stopped(0)
    centre.somebody_does_what_is_listed(71, to("agent:alice"))
    (muted,) = [party for party in centre.world.only_call().joined() if party.muted]
    assert muted.agent is None
    centre.a_leg_dies(2, seen_by_asterisk=False)
    centre.teardown()


@pytest.mark.parametrize("index", [29, 64])
def test_who_is_to_be_called_back_is_not_sent_away_with_those_who_wait_when_it_closes(index: int) -> None:
    """Walks that failed, by the account alone: a call-back goes on while its queue is closed."""
    centre = CallCentre()
    centre.it_has_come_so_far(index)
    promised = [call.id for call in centre.world.switch.calls.values() if call.to_call_back() is not None]
    assert promised
    centre.a_supervisor_opens_or_closes_something("queue:help", Chosen.CLOSED, None)
    centre.everything_happens()
    assert centre.world.switch.calls.keys() >= set(promised)
    centre.a_phone_holds_and_its_desktop_goes_on(0, 0, to("agent:alice"))
    centre.teardown()


def test_no_recorder_goes_on_of_which_the_next_controller_does_not_know() -> None:
    """Another: it died when Asterisk had begun to record, and before that was kept."""
    centre = CallCentre()
    centre.it_has_come_so_far(5)
    centre.a_phone_is_answered(0)
    centre.a_recording_is_begun_paused_resumed_or_stopped(0)
    centre.one_thing_happens(1)
    assert centre.world.asterisk.world.tapes
    centre.the_controller_dies(now=True, behind=True)
    centre.teardown()


def test_who_has_declined_a_caller_is_not_rung_at_once_to_call_that_one_back() -> None:
    """Another: the caller pressed the key for that after an agent had declined them."""
    centre = CallCentre()
    centre.it_has_come_so_far(1)
    centre.a_phone_hangs_up(1, 17)
    centre.keys_are_pressed(0, "*1")
    centre.teardown()


def test_nobody_is_rung_to_watch_a_call_that_is_over_by_the_time_the_link_is_back() -> None:
    """Another, by the account alone: the caller hung up as a supervisor was about to be rung, and the link was lost."""
    centre = CallCentre()
    centre.it_has_come_so_far(68)
    centre.a_phone_is_answered(7)
    centre.one_thing_happens(9)
    centre.a_supervisor_watches("oscar", MonitorMode.BARGE, 3)
    centre.a_phone_hangs_up(3, 16)
    centre.the_controller_is_lost_as_it_is_about_to_ring_a_phone(now=True, dies=False)
    centre.teardown()


def test_an_agent_who_is_ready_anew_has_a_phone_against_which_nothing_is_counted_yet() -> None:
    """Another, by the account alone: a phone had refused often enough, and its agent said that they were ready."""
    centre = CallCentre()
    centre.it_has_come_so_far(68)
    centre.a_phone_will("alice", Behaviour.REFUSE)
    centre.a_caller_comes_to_the_queue(CALLER, "0")
    for _ in range(2):
        centre.everything_happens()
        centre.time_passes()
    centre.everything_happens()
    assert "alice" not in centre.world.agents.idle
    centre.an_agent_is_ready("alice")
    centre.everything_happens()
    centre.teardown()
