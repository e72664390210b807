"""In a group that rings all at once whoever rings already has the call when they answer, whatever becomes of the search
for more of them.
"""

from collections.abc import Callable

import pytest

from ari_app.calls import stimuli as s
from ari_app.calls.model import OfferState
from tests.support.office import NUMBER, Office, hear_each_other


def _other_dials(office: Office, other: str) -> None:
    """They are reserved, and take a call of their own before that is known."""
    answer = office.inbox.popleft()
    office.arrives("dial", NUMBER, leg="own", endpoint=office.everybody[other].phone or "")
    office.settle()
    office.inbox.append(answer)


def _store_is_away(office: Office, other: str) -> None:
    (found,) = office.inbox
    assert isinstance(found, s.AgentReserved)
    office.inbox[0] = s.ReservationFailed(found.request)
    del office.agents.held_for[other], office.agents.activity[other]


def _asterisk_is_away(office: Office, other: str) -> None:
    office.lose_link()
    office.settle()
    office.asterisk.restore_link()


@pytest.mark.parametrize("happens", [_other_dials, _store_is_away, _asterisk_is_away])
def test_who_rings_already_has_the_caller_when_they_answer(happens: Callable[[Office, str], None]) -> None:
    office = Office(ready=("bob", "carol"))
    office.arrives("group", "together", leg="in1")
    while not any(call.offer is not None and call.offer.attempts for call in office.switch.calls.values()):
        office.step()
    answer = office.inbox.popleft()
    office.settle()
    (first,) = {leg.agent for leg in office.switch.legs.values() if leg.agent}
    other = "carol" if first == "bob" else "bob"
    office.inbox.append(answer)
    happens(office, other)
    office.settle()
    office.picks_up(first)
    call = next(call for call in office.switch.calls.values() if any(p.leg == "in1" for p in call.parties.values()))
    assert call.offer is not None
    assert call.offer.state is OfferState.ACCEPTED
    assert call.owner == first
    assert hear_each_other(first, "in1") <= office.hears()
    office.is_calm()
