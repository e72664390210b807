"""Two owners of one hold, verbs that find a phone that is not there, and what others see of it."""

import pytest

from tests.bots import answers
from tests.e2e.office import Office, Refused


async def test_an_agent_whose_phone_is_not_registered_is_told_so_and_calls_when_it_is_back(office: Office) -> None:
    (alice,) = await office.agents("alice")
    await office.caller("somebody", "+33145454545", behaviour=answers())
    await alice.phone.unregister()
    await alice.has_reason("phone_unreachable")
    with pytest.raises(Refused) as refused:
        await alice.dials("number:+33145454545")
    assert (refused.value.status, refused.value.code) == (409, "phone_unreachable")
    assert alice.call is None, "nothing has begun"
    await alice.phone.register()
    await alice.has_reason(None)
    await alice.dials("number:+33145454545")
    await office.hears("somebody <-> alice")
