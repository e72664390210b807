"""Calls and what can be done with them: requests become commands, and the machine's answers views."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from ari_app.api.events import render_call, sees
from ari_app.api.models import (
    Calls,
    DtmfRequest,
    MergeRequest,
    MonitorRequest,
    OfferRequest,
    PartyDtmfRequest,
    TakeOverRequest,
    UserDataChanges,
)
from ari_app.api.port import Control
from ari_app.api.preferences import Preferences
from ari_app.api.routes import Exchange, Handler, Route
from ari_app.calls import commands as c
from ari_app.calls.model import Call, MonitorMode
from ari_app.calls.views import CallView
from ari_app.errors import Code, Refused
from ari_app.routing.targets import Target, parse_target

_ON_CALL: Mapping[str, tuple[Callable[..., c.Command], str]] = MappingProxyType(
    {
        "answer": (c.Answer, "Answer the call that rings my phone"),
        "hold": (c.Hold, "All others hear music"),
        "retrieve": (c.Retrieve, "Bring back everybody who is on hold"),
        "release": (c.Release, "I leave; a ringing call is declined"),
        "clear": (c.Clear, "All leave"),
        "cancel": (c.Cancel, "Give the ringing offer up"),
        "complete-transfer": (c.CompleteTransfer, "The contact goes to the one consulted"),
        "complete-conference": (c.CompleteConference, "All talk together"),
        "alternate": (c.Alternate, "Talk to the other side"),
        "reconnect": (c.Reconnect, "Give the consultation up, back to the first call"),
        "stop-monitoring": (c.StopMonitoring, "I listen no longer"),
    }
)
_RECORDING: Mapping[str, tuple[Callable[..., c.Command], str]] = MappingProxyType(
    {
        "start-recording": (c.StartRecording, "Record both sides into a file"),
        "pause-recording": (c.PauseRecording, "What is said from now on is not in the file"),
        "resume-recording": (c.ResumeRecording, "Undo pause-recording"),
        "stop-recording": (c.StopRecording, "The file is complete"),
    }
)
_OFFERS: Mapping[str, tuple[Callable[..., c.Command], str]] = MappingProxyType(
    {
        "single-step-transfer": (c.SingleStepTransfer, "Instant transfer"),
        "single-step-conference": (c.SingleStepConference, "Instant conference"),
        "initiate-transfer": (c.InitiateTransfer, "Begin a consultation; answers with the new call"),
    }
)
_ON_PARTY: Mapping[str, tuple[Callable[..., c.Command], str]] = MappingProxyType(
    {
        "mute": (c.MuteParty, "Nobody hears this party"),
        "unmute": (c.UnmuteParty, "Undo mute"),
        "deafen": (c.DeafenParty, "This party hears nobody"),
        "undeafen": (c.UndeafenParty, "Undo deafen"),
        "hold": (c.HoldParty, "This party hears music and nobody"),
        "retrieve": (c.RetrieveParty, "Bring this party back"),
    }
)
_DONE = (Code.NOT_FOUND, Code.FORBIDDEN, Code.NOT_ALLOWED_NOW, Code.ASTERISK_UNAVAILABLE, Code.STORE_UNAVAILABLE)
_MY_PHONE = (*_DONE, Code.PHONE_UNREACHABLE)  # what rings one's own phone
_MONITORED = (*_MY_PHONE, Code.FEATURE_DISABLED)
_OFFERED = (
    *_DONE,
    Code.NO_AGENT_AVAILABLE,
    Code.UNKNOWN_TARGET,
    Code.FEATURE_DISABLED,
    Code.CALLER_ID_NOT_ALLOWED,
)


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

    async def make(self, exchange: Exchange) -> CallView:
        """A new call (S40, S45)."""
        body: OfferRequest = exchange.body
        agent = exchange.session.agent
        command = c.MakeCall(
            id=uuid.uuid4().hex,
            by=agent.id,
            role=agent.role,
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
        return await self.submit(exchange, c.Monitor, mode=MonitorMode(body.mode), party=body.party)

    async def take_over(self, exchange: Exchange) -> CallView:
        """Take an agent's place."""
        body: TakeOverRequest = exchange.body
        return await self.submit(exchange, c.TakeOver, party=body.party)

    async def submit(self, exchange: Exchange, make: Callable[..., c.Command], **details: object) -> CallView:
        """Carry a command on this call out; the call as it then is.

        Raises:
            CallControlError: `not_found` for a call or party that one does not see, or what the machine says.
        """
        before = self._seen(exchange)
        agent = exchange.session.agent
        command = make(id=uuid.uuid4().hex, by=agent.id, role=agent.role, call=before.id, **details)
        return self._answer(await self._control.submit(command), before, exchange)

    def _seen(self, exchange: Exchange) -> Call:
        call = self._control.calls().get(exchange.path["call"])
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
        """The operations of this class."""
        call = "/v1/calls/{call}"
        party = f"{call}/parties/{{party}}"
        routes = [
            Route("GET", "/v1/calls", "list_calls", "The calls that I see", "calls", self.list, Calls),
            Route(
                "POST", "/v1/calls", "make_call", "Ring my own phone, then the target", "calls", self.make, CallView,
                201, OfferRequest, codes=(*_OFFERED, Code.PHONE_UNREACHABLE),
            ),
            Route("GET", call, "get_call", "One call", "calls", self.get, CallView, codes=(Code.NOT_FOUND,)),
            Route(
                "PATCH", f"{call}/user-data", "change_user_data", "Set keys of the attached data; null removes one",
                "calls", self.change_user_data, CallView, request=UserDataChanges, codes=_DONE,
            ),
            Route(
                "POST", f"{call}/merge", "merge_calls", "My other call joins this one: a conference", "calls",
                self.merge, CallView, request=MergeRequest, codes=(*_DONE, Code.FEATURE_DISABLED), optional_body=True,
            ),
            Route(
                "POST", f"{call}/send-dtmf", "send_dtmf", "Digits to one party, or to all outside", "calls",
                self.send_dtmf, CallView, request=DtmfRequest, codes=_DONE,
            ),
            Route(
                "POST", f"{party}/send-dtmf", "send_party_dtmf", "Digits to this party", "parties",
                self.send_party_dtmf, CallView, request=PartyDtmfRequest, codes=_DONE,
            ),
            Route(
                "POST", f"{call}/monitor", "monitor_call", "A supervisor listens in, whispers or barges in",
                "calls", self.monitor, CallView, request=MonitorRequest, codes=_MONITORED,
            ),
            Route(
                "POST", f"{call}/take-over", "take_over_call", "A supervisor takes an agent's place in the call",
                "calls", self.take_over, CallView, request=TakeOverRequest, codes=_MONITORED, optional_body=True,
            ),
            Route(
                "DELETE", party, "remove_party", "This party leaves, the others go on", "parties",
                self._verb(c.RemoveParty), CallView, codes=_DONE,
            ),
        ]  # fmt: skip
        for name, (make, summary) in _ON_CALL.items():
            handle, codes = self._verb(make), _MY_PHONE if make in (c.Answer, c.Retrieve) else _DONE
            routes.append(_post(f"{call}/{name}", _operation(name, "call"), summary, "calls", handle, codes=codes))
        for name, (make, summary) in _RECORDING.items():
            handle, codes = self._verb(make), (*_DONE, Code.FEATURE_DISABLED)
            routes.append(_post(f"{call}/{name}", _operation(name), summary, "calls", handle, codes=codes))
        for name, (make, summary) in _OFFERS.items():
            status = 201 if make is c.InitiateTransfer else 200  # a consultation is a call of its own
            routes.append(
                Route(
                    "POST", f"{call}/{name}", _operation(name), summary, "calls", self._offer(make), CallView, status,
                    OfferRequest, codes=_OFFERED,
                )
            )  # fmt: skip
        for name, (make, summary) in _ON_PARTY.items():
            handle = self._verb(make)
            routes.append(_post(f"{party}/{name}", _operation(name, "party"), summary, "parties", handle, codes=_DONE))
        return routes


def _post(path: str, operation: str, summary: str, tag: str, handle: Handler, codes: Sequence[Code]) -> Route:
    return Route("POST", path, operation, summary, tag, handle, CallView, codes=codes)


def _operation(name: str, what: str = "") -> str:
    word = name.replace("-", "_")
    return f"{word}_{what}" if what and "_" not in word else word
