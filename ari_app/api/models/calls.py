"""Bodies about a call. Calls, parties and offers as clients see them are `calls.views`."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, RootModel

from ari_app.api.models.common import Answer, CallerIdName, PartyName, Request, TargetText
from ari_app.calls.hearing import Heard
from ari_app.calls.views import CallView

type DataKey = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
type DataValue = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00]*$")]
type UserData = Annotated[dict[DataKey, DataValue], Field(max_length=100)]
type Digits = Annotated[str, Field(pattern=r"^[0-9A-D*#]+$", min_length=1, max_length=64)]


class OfferRequest(Request):
    """Whom to ring, showing what, with which attached data."""

    target: TargetText
    caller_id: CallerIdName | None = None
    user_data: UserData = Field({})


class MergeRequest(Request):
    """Which of my other calls is to join this one; without, the first that can."""

    call_id: Annotated[str, Field(min_length=1, max_length=128)] | None = None


class DtmfRequest(Request):
    """Digits to one party, or to everybody outside."""

    digits: Digits
    party: Annotated[str, Field(min_length=1, max_length=128)] | None = None


class MonitorRequest(Request):
    """How to be at a call, and with whom of its agents: the owner unless `party` names another."""

    mode: Literal["listen", "whisper", "barge"]
    party: PartyName | None = None


class TakeOverRequest(Request):
    """Whose place to take: the owner's unless `party` names another agent's."""

    party: PartyName | None = None


class PartyDtmfRequest(Request):
    """Digits to this party."""

    digits: Digits


class UserDataChanges(RootModel[Annotated[dict[DataKey, DataValue | None], Field(max_length=100)]]):
    """Keys to set; null removes one."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


class EarDocument(Answer):
    """Whom somebody in the call hears, by their ids; `ear` is a party, or `monitor:<agent>` for a supervisor."""

    ear: str
    hears: list[str]
    sound: Heard


class HearingDocument(Answer):
    """Who hears whom."""

    matrix: list[EarDocument]


class Calls(Answer):
    """Calls, oldest first."""

    calls: list[CallView]
