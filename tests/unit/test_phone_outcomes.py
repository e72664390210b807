"""Whether an agent must say how their call went before a code of their phone ends their after-call work."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from ari_app.calls.effects import CheckOutcome
from ari_app.calls.stimuli import OutcomeChecked
from ari_app.errors import StoreUnavailable
from ari_app.phone_outcomes import PhoneOutcomes
from ari_app.routing.settings import Settings

CODES = {"solved": "Solved"}


@dataclass
class Record:
    state: str = "wrap_up"
    call: str | None = "c1"


@dataclass
class Notes:
    kept: Mapping[str, bytes]
    away: bool = False

    async def notes(self, call: str) -> Mapping[str, bytes]:
        assert call == "c1"
        if self.away:
            raise StoreUnavailable()
        return self.kept


async def missing(notes: Notes, record: Record | None = None, *, required: bool = True, codes: bool = True) -> bool:
    settings = Settings(disposition_required=required, dispositions=CODES if codes else {})
    fed: list[OutcomeChecked] = []
    outcomes = PhoneOutcomes(notes, {"alice": record or Record()}.get, lambda: settings, fed.append)
    await outcomes.answer(CheckOutcome("own", "alice", "ready"))
    (answer,) = fed
    assert (answer.leg, answer.agent, answer.feature) == ("own", "alice", "ready")
    return answer.missing


def note(code: str, notes: str = "") -> dict[str, bytes]:
    return {"alice": f'{{"agent":"alice","code":{code},"notes":"{notes}","at":"2027-01-15T08:00:00.000Z"}}'.encode()}


@pytest.mark.parametrize(
    ("kept", "codes", "said"),
    [
        ({}, True, False),
        ({"bob": note('"solved"')["alice"]}, True, False),
        (note("null", "wants a let"), True, False),
        (note("null", "wants a letter"), False, True),
        (note('"solved"'), True, True),
    ],
)
async def test_it_is_missing_until_it_is_said(kept: Mapping[str, bytes], *, codes: bool, said: bool) -> None:
    assert await missing(Notes(kept), codes=codes) is not said


async def test_nothing_is_missing_where_it_need_not_be_said_nor_out_of_after_call_work() -> None:
    assert not await missing(Notes({}), required=False)
    assert not await missing(Notes({}), Record("on_call"))
    assert not await missing(Notes({}), Record(call=None))


async def test_while_the_store_is_away_nobody_is_kept_in_after_call_work() -> None:
    assert not await missing(Notes({}, away=True))


async def test_whoever_dialled_is_answered_also_by_a_fault_of_ours() -> None:
    fed: list[OutcomeChecked] = []
    settings = Settings(disposition_required=True, dispositions=CODES)
    broken = Notes({"alice": b"no document"})
    outcomes = PhoneOutcomes(broken, {"alice": Record()}.get, lambda: settings, fed.append)
    with pytest.raises(ValidationError):
        await outcomes.answer(CheckOutcome("own", "alice", "ready"))
    assert fed == [OutcomeChecked("own", "alice", "ready", missing=False)]
