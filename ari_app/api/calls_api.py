"""Calls and what can be done with them: requests become commands, and the machine's answers views."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, assert_never

from pydantic import BaseModel

from ari_app.api.models.calls import (
    Calls,
    DtmfRequest,
    HearingDocument,
    MergeRequest,
    MonitorRequest,
    OfferRequest,
    PartyDtmfRequest,
    TakeOverRequest,
    UserDataChanges,
)
from ari_app.api.port import Control
from ari_app.api.preferences import Preferences
from ari_app.api.rendering import heard, render_call, render_hearing, sees
from ari_app.api.routes import Exchange, Handler, Route
from ari_app.calls import commands as c
from ari_app.calls.model import Call, MonitorMode
from ari_app.calls.verbs import CallAction, PartyAction
from ari_app.calls.views import CallView
from ari_app.errors import AsteriskUnavailable, Code, Refused
from ari_app.routing.targets import Target, parse_target

_CALL = "/v1/calls/{call}"
_PARTY = f"{_CALL}/parties/{{party}}"
_DONE = (
    Code.NOT_FOUND,
    Code.FORBIDDEN,
    Code.NOT_ALLOWED_NOW,
    Code.ASTERISK_UNAVAILABLE,
    Code.STORE_UNAVAILABLE,
    Code.UNKNOWN_OUTCOME,
)
_MY_PHONE = (*_DONE, Code.PHONE_UNREACHABLE)  # what rings one's own phone
_SWITCHED = (*_DONE, Code.FEATURE_DISABLED)  # what the administrator may switch off
_RECORDED = (*_SWITCHED, Code.DISK_FULL)
_MONITORED = (*_MY_PHONE, Code.FEATURE_DISABLED, Code.TOO_MANY)
_OFFERED = (
    *_DONE,
    Code.NO_AGENT_AVAILABLE,
    Code.UNKNOWN_TARGET,
    Code.FEATURE_DISABLED,
    Code.CALLER_ID_NOT_ALLOWED,
    Code.TOO_MANY,
    Code.RATE_LIMITED,
)

_OFFER = ("target", "caller_id")


class CallsApi:
    """Operations on calls."""

    def __init__(self, control: Control, preferences: Preferences) -> None:
        self._control = control
        self._preferences = preferences

    async def list(self, exchange: Exchange) -> Calls:
        """The calls that I see: an agent their own, a supervisor or admin all."""
        agent = exchange.session.agent
        calls = sorted((x for x in self._control.calls().values() if sees(agent, x)), key=lambda x: x.started_at)
        return Calls(calls=[render_call(x, agent, self._control) for x in calls])

    async def get(self, exchange: Exchange) -> CallView:
        """Raises: Refused `not_found` for one that I am not in."""
        return render_call(self._seen(exchange), exchange.session.agent, self._control)

    async def hearing(self, exchange: Exchange) -> HearingDocument:
        """Raises: Refused `not_found` for one that I am not in."""
        call = self._seen(exchange)
        return render_hearing(heard(self._control.hearing(call), call, exchange.session.agent, self._control))

    async def make(self, exchange: Exchange) -> CallView:
        """A new call (S40, S45)."""
        body: OfferRequest = exchange.body
        agent = exchange.session.agent
        command = c.MakeCall(
            id=exchange.name,
            by=agent.id,
            role=agent.role,
            again=exchange.again,
            target=parse_target(body.target),
            caller_id=body.caller_id,
            user_data=body.user_data,
        )
        after = await self._control.submit(command)
        self._reached(exchange, command.target)
        return self._answer(after, None, exchange)

    async def change_user_data(self, exchange: Exchange) -> CallView:
        """Set or remove keys of the attached data."""
        body: UserDataChanges = exchange.body
        return await self.submit(exchange, c.ChangeUserData, changes=body.root)

    async def merge(self, exchange: Exchange) -> CallView:
        """My other call joins this one."""
        body: MergeRequest = exchange.body
        return await self.submit(exchange, c.Merge, other=body.call_id)

    async def send_dtmf(self, exchange: Exchange) -> CallView:
        """Digits to one party, or to everybody outside."""
        body: DtmfRequest = exchange.body
        return await self.submit(exchange, c.SendDtmf, digits=body.digits, party=body.party)

    async def send_party_dtmf(self, exchange: Exchange) -> CallView:
        """Digits to this party."""
        body: PartyDtmfRequest = exchange.body
        return await self.submit(exchange, c.SendDtmf, digits=body.digits, party=exchange.path["party"])

    async def monitor(self, exchange: Exchange) -> CallView:
        """Listen in, whisper, barge in."""
        body: MonitorRequest = exchange.body
        return await self.submit(exchange, c.MonitorCall, mode=MonitorMode(body.mode), party=body.party)

    async def take_over(self, exchange: Exchange) -> CallView:
        """Take an agent's place."""
        body: TakeOverRequest = exchange.body
        return await self.submit(exchange, c.TakeOver, party=body.party)

    async def submit(self, exchange: Exchange, make: Callable[..., c.Command], **details: object) -> CallView:
        """Carry a command on this call out; the call as it then is.

        Raises:
            CallControlError: `not_found` for a call or party that one does not see, or what the machine says.
        """
        agent, call = exchange.session.agent, exchange.path["call"]
        before = None if exchange.again else self._seen(exchange)
        command = make(id=exchange.name, by=agent.id, role=agent.role, again=exchange.again, call=call, **details)
        return self._answer(await self._control.submit(command), before, exchange)

    def _seen(self, exchange: Exchange) -> Call:
        name = exchange.path["call"]
        call = self._control.calls().get(name)
        if call is None and not self._control.reached(name):
            raise AsteriskUnavailable("who has this call is not reached; try again shortly")
        if call is None or not sees(exchange.session.agent, call):
            raise Refused(Code.NOT_FOUND, "there is no such call, or you are not in it")
        return call

    def _answer(self, after: Call | None, before: Call | None, exchange: Exchange) -> CallView:
        """A call that is over is shown as it last was, released."""
        call = after
        if call is None and before is not None:
            call = replace(self._control.calls().get(before.id, before), ended=True)
        if call is None:
            raise Refused(Code.NOT_ALLOWED_NOW, "the call was over before it began")
        return render_call(call, exchange.session.agent, self._control)

    def _reached(self, exchange: Exchange, target: Target) -> None:
        """It was rung: it is one of their recents."""
        self._preferences.reached(exchange.session.agent.id, self._control.directory().resolve(target))

    def _verb(self, make: Callable[..., c.Command]) -> Handler:
        async def handle(exchange: Exchange) -> CallView:
            party = {"party": exchange.path["party"]} if "party" in exchange.path else {}
            return await self.submit(exchange, make, **party)

        return handle

    def _offer(self, make: Callable[..., c.Command]) -> Handler:
        async def handle(exchange: Exchange) -> CallView:
            body: OfferRequest = exchange.body
            target = parse_target(body.target)
            details = {"target": target, "caller_id": body.caller_id, "user_data": body.user_data}
            answer = await self.submit(exchange, make, **details)
            self._reached(exchange, target)
            return answer

        return handle

    def routes(self) -> Sequence[Route]:
        """The operations of this class: calls as such, and every verb."""
        return [
            Route("GET", "/v1/calls", "list_calls", "The calls that I see", "calls", self.list, Calls),
            Route(
                "POST", "/v1/calls", "make_call", "Ring my own phone, then the target", "calls", self.make, CallView,
                201, OfferRequest, codes=(*_OFFERED, Code.PHONE_UNREACHABLE), audit=_OFFER,
            ),
            Route("GET", _CALL, "get_call", "One call", "calls", self.get, CallView, codes=(Code.NOT_FOUND,)),
            Route(
                "GET", f"{_CALL}/hearing", "get_hearing", "Who hears whom", "calls", self.hearing, HearingDocument,
                codes=(Code.NOT_FOUND,),
            ),
            *map(self._on_call, CallAction),
            *map(self._on_party, PartyAction),
        ]  # fmt: skip

    def _on_call(self, verb: CallAction) -> Route:
        match verb:
            case CallAction.UPDATE_USER_DATA:
                return _of_call(
                    verb, self.change_user_data, _DONE, UserDataChanges,
                    method="PATCH", path="user-data", operation="change_user_data",
                )  # fmt: skip
            case CallAction.MERGE:
                return _of_call(
                    verb, self.merge, _SWITCHED, MergeRequest, optional=True, operation="merge_calls", audit=()
                )
            case CallAction.SEND_DTMF:
                return _of_call(verb, self.send_dtmf, _DONE, DtmfRequest)
            case CallAction.MONITOR:
                return _of_call(verb, self.monitor, _MONITORED, MonitorRequest, audit=("mode",))
            case CallAction.TAKE_OVER:
                return _of_call(
                    verb,
                    self.take_over,
                    _MONITORED,
                    TakeOverRequest,
                    optional=True,
                    operation="take_over_call",
                    audit=(),
                )
            case CallAction.SINGLE_STEP_TRANSFER | CallAction.SINGLE_STEP_CONFERENCE:
                return _of_call(verb, self._offer(c.ON_CALL[verb]), _OFFERED, OfferRequest, audit=_OFFER)
            case CallAction.INITIATE_TRANSFER:  # a consultation is a call of its own
                return _of_call(verb, self._offer(c.ON_CALL[verb]), _OFFERED, OfferRequest, status=201, audit=_OFFER)
            case CallAction.ANSWER | CallAction.RETRIEVE:
                return _of_call(verb, self._verb(c.ON_CALL[verb]), _MY_PHONE)
            case CallAction.START_RECORDING | CallAction.RESUME_RECORDING:
                return _of_call(verb, self._verb(c.ON_CALL[verb]), _RECORDED, audit=())
            case CallAction.PAUSE_RECORDING | CallAction.STOP_RECORDING:
                return _of_call(verb, self._verb(c.ON_CALL[verb]), _SWITCHED, audit=())
            case CallAction.CLEAR | CallAction.COMPLETE_TRANSFER | CallAction.COMPLETE_CONFERENCE:
                return _of_call(verb, self._verb(c.ON_CALL[verb]), _DONE, audit=())
            case (
                CallAction.HOLD
                | CallAction.RELEASE
                | CallAction.CANCEL
                | CallAction.ALTERNATE
                | CallAction.RECONNECT
                | CallAction.STOP_MONITORING
            ):
                return _of_call(verb, self._verb(c.ON_CALL[verb]), _DONE)
            case _:
                assert_never(verb)

    def _on_party(self, verb: PartyAction) -> Route:
        path, operation = f"{_PARTY}/{_words(verb)}", f"{verb}_party"
        match verb:
            case PartyAction.SEND_DTMF:
                return Route(
                    "POST", path, "send_party_dtmf", verb.summary, "parties", self.send_party_dtmf, CallView,
                    request=PartyDtmfRequest, codes=_DONE,
                )  # fmt: skip
            case PartyAction.REMOVE:
                handle = self._verb(c.ON_PARTY[verb])
                return Route(
                    "DELETE", _PARTY, operation, verb.summary, "parties", handle, CallView, codes=_DONE, audit=()
                )
            case (
                PartyAction.MUTE
                | PartyAction.UNMUTE
                | PartyAction.DEAFEN
                | PartyAction.UNDEAFEN
                | PartyAction.HOLD
                | PartyAction.RETRIEVE
            ):
                handle = self._verb(c.ON_PARTY[verb])
                return Route("POST", path, operation, verb.summary, "parties", handle, CallView, codes=_DONE)
            case _:
                assert_never(verb)


def _of_call(
    verb: CallAction,
    handle: Handler,
    codes: Sequence[Code],
    request: type[BaseModel] | None = None,
    *,
    optional: bool = False,
    status: int = 200,
    method: Literal["POST", "PATCH"] = "POST",
    path: str | None = None,
    operation: str | None = None,
    audit: Sequence[str] | None = None,
) -> Route:
    operation = operation or (verb if "_" in verb else f"{verb}_call")
    return Route(
        method, f"{_CALL}/{path or _words(verb)}", operation, verb.summary, "calls", handle, CallView, status, request,
        codes=codes, optional_body=optional, audit=audit,
    )  # fmt: skip


def _words(verb: str) -> str:
    return verb.replace("_", "-")
