"""An offer goes only where the table lets it; the picture in the documents is drawn from that table."""

import itertools

import pytest

from ari_app.calls import lifecycle
from ari_app.calls.lifecycle import InvalidTransition
from ari_app.calls.model import GOING_ON, OfferState
from ari_app.calls.step import Step
from tests.support.office import Office


def test_whatever_goes_on_may_end_without_anybody() -> None:
    assert set(lifecycle.ENDINGS) == GOING_ON
    for before, after in itertools.product(GOING_ON, lifecycle.OVER):
        lifecycle.check(before, after)


def test_what_is_over_stays_over() -> None:
    over = [state for state in OfferState if state not in GOING_ON]
    assert {*lifecycle.OVER, OfferState.ACCEPTED} == set(over)
    for before, after in itertools.product(over, OfferState):
        if before is not after:
            with pytest.raises(InvalidTransition, match=f"{before.value} cannot become {after.value}"):
                lifecycle.check(before, after)


def test_nobody_has_accepted_who_was_not_rung() -> None:
    for before in GOING_ON - {OfferState.RINGING}:
        with pytest.raises(InvalidTransition):
            lifecycle.check(before, OfferState.ACCEPTED)


def test_a_step_refuses_what_the_table_does_not_have() -> None:
    office = Office()
    call = office.served()
    with pytest.raises(InvalidTransition):
        Step(office.switch.state, office.directory, office.now).put_offer(call.id, state=OfferState.RINGING)
