"""One call of a bot: its dialog, its state, its audio.

Owns INVITE both ways, re-INVITE, CANCEL and BYE of one call. What to do with an incoming call is the
station's behaviour; the transfer key is in `transfer`.

    outgoing:  dialing ──180──▶ alerting ──200──▶ up ──▶ ended
    incoming:  ringing ──answer──▶ up ──▶ ended
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from aiosipua import SipRequest, SipResponse

from tests.bots import reinvite, sdp, transfer
from tests.bots.audio import Audio
from tests.bots.behaviour import Progress
from tests.bots.call_state import CallRefused, CallState
from tests.bots.dialog import Dialog, Display, identity, reason_of
from tests.bots.registration import authorised
from tests.bots.sip import ClientTransaction, ServerTransaction
from tests.bots.sound import Sound

if TYPE_CHECKING:
    from tests.bots.station import Station

SDP_TYPE = {"Content-Type": "application/sdp"}


class Call:
    """A call. `stamps` has the monotonic time of each thing that happened, e.g. `stamps["200 sent"]`."""

    def __init__(self, station: Station, name: str, dialog: Dialog, direction: Literal["in", "out"]) -> None:
        self.station = station
        self.name = name
        self.dialog = dialog
        self.direction = direction
        self.state = CallState.DIALING if direction == "out" else CallState.RINGING
        self.display = Display()
        self.stamps: dict[str, float] = {}
        self.cause = ""
        self.reason = ""
        self.status = 0
        self.invite: ServerTransaction | None = None
        self.transfer: transfer.Transfer | None = None
        self.on_outcome: list[Callable[[int], None]] = []
        """Called once with the final status of an outgoing call."""
        self.audio = Audio(station, name)
        self._offer: sdp.Remote | None = None
        self._client: ClientTransaction | None = None
        self.offering = False
        """Whether a re-INVITE of ours is not answered yet."""
        self._tried_auth = False
        self._cancelling: str | None = None
        self._habit: asyncio.Task[None] | None = None
        self._unacknowledged: ServerTransaction | None = None
        station.line.calls[dialog.key] = self

    def __repr__(self) -> str:
        return f"<Call {self.name} {self.state} {self.display}>"

    # -- outgoing ---------------------------------------------------------------------------------

    def start(self, headers: dict[str, str] | None = None) -> None:
        """Send the INVITE."""
        request = self.dialog.request("INVITE")
        for name, value in (headers or {}).items():
            request.set_header(name, value)
        self._invite(request)
        self.stamp("invite sent", self.dialog.target)

    def _invite(self, request: SipRequest) -> None:
        request.set_header("Content-Type", "application/sdp")
        request.body = self.audio.session.describe()
        self._client = self.station.line.agent.start(
            request, self.dialog.peer, lambda response: self._answered(request, response)
        )

    def _answered(self, request: SipRequest, response: SipResponse) -> None:
        status = response.status_code
        if status < 200:
            self._progress(response)
        elif status < 300:
            self._accepted(request, response)
        elif self.state is not CallState.ENDED and not self._authorise(request, response):
            self.status = status
            self.reason = reason_of(response)
            self._outcome(status)
            self.end("cancelled" if status == 487 else f"rejected {status} {response.reason_phrase}".rstrip())

    def _authorise(self, request: SipRequest, response: SipResponse) -> bool:
        if self._tried_auth or response.status_code not in (401, 407):
            return False
        self._tried_auth = True
        again = self.dialog.request("INVITE")
        for name, values in request.headers.items():
            if name not in again.headers:
                again.set_header(name, values[0])
        if not authorised(again, response, self.dialog.auth):
            return False
        self._invite(again)
        return True

    def _progress(self, response: SipResponse) -> None:
        if response.status_code == 100 or self.state not in (CallState.DIALING, CallState.ALERTING):
            if self._cancelling is not None:
                self._send_cancel()
            return
        self.dialog.learn(response)
        self.show(response)
        if response.status_code == 180:
            self.state = CallState.ALERTING
        self.stamp(f"{response.status_code} received")
        if response.body:
            self.audio.agree(sdp.read(response.text))
        self.station.listen_again()

    def _accepted(self, request: SipRequest, response: SipResponse) -> None:
        seq = request.cseq.seq if request.cseq is not None else self.dialog.seq
        if self.state is CallState.UP and response.to_addr and response.to_addr.tag != self.dialog.remote_tag:
            self.dialog.end_other(response, seq)
            self.station.note("ends another's answer", call=self.name)
            return
        self.dialog.learn(response)
        ack = self.dialog.request("ACK", seq=seq)
        self.station.line.agent.send(bytes(ack), self.dialog.peer)
        if self.state is CallState.ENDED:
            if self._cancelling is not None:
                # CANCEL and 200 crossed: the call is up for the other side, and has to be ended.
                self._cancelling = None
                self.dialog.send("BYE", {})
            return
        if self.state is CallState.UP:
            return
        self.state = CallState.UP
        self.status = response.status_code
        self.show(response)
        self.audio.agree(sdp.read(response.text))
        self.stamp("200 received")
        self._outcome(self.status)
        self.station.listen_again()

    def _outcome(self, status: int) -> None:
        for follow in self.on_outcome:
            follow(status)
        self.on_outcome.clear()

    # -- incoming ---------------------------------------------------------------------------------

    def arrive(self, transaction: ServerTransaction) -> None:
        """An INVITE has come for this call: read it, and answer 100."""
        self.invite = transaction
        self.show(transaction.request, with_from=True)
        if transaction.request.body:
            self._offer = sdp.read(transaction.request.text)
        transaction.respond(100)
        self.stamp("invite received", str(self.display))

    def ring(self, progress: Progress = "ringing") -> None:
        """Tell the caller that it rings: by 180, or as `progress` says."""
        if self.invite is None or self.state is not CallState.RINGING or progress == "100 alone":
            return
        headers, body = {"Contact": self.dialog.agent.contact(self.dialog.user)}, b""
        if progress == "ringing":
            self.stamp("180 sent", at=self.invite.respond(180, headers=headers))
            return
        if progress != "183 without SDP" and self._offer is not None:
            body = self.audio.session.answer(self._offer)
            headers |= SDP_TYPE
        if progress == "early media":
            self.audio.play_ringing(True)
            self.audio.agree(self._offer)
        self.stamp("183 sent", at=self.invite.respond(183, headers=headers, body=body))

    def answer(self) -> float:
        """Answer with 200; returns the monotonic time at which it was sent.

        Raises RuntimeError when there is nothing to answer.
        """
        if self.invite is None or self.state is not CallState.RINGING:
            raise RuntimeError(f"{self.name} is {self.state}, there is nothing to answer")
        self.state = CallState.UP
        self.audio.play_ringing(False)
        body = self.audio.session.describe() if self._offer is None else self.audio.session.answer(self._offer)
        headers = {"Contact": self.dialog.agent.contact(self.dialog.user)} | SDP_TYPE
        self._unacknowledged = self.invite
        at = self.invite.respond(200, headers=headers, body=body, tag=self.dialog.local_tag)
        if self._offer is not None:
            self.audio.agree(self._offer)
        self.stamp("200 sent", at=at)
        self.station.listen_again()
        return at

    def reject(self, status: int = 603, *, forward: str = "") -> None:
        """Refuse the incoming call: 603 declined, 486 busy, 302 to the number `forward`, 503 …"""
        if self.invite is None or self.state is not CallState.RINGING:
            raise RuntimeError(f"{self.name} is {self.state}, there is nothing to refuse")
        self.invite.respond(status, headers={"Contact": self.dialog.agent.contact(forward)} if forward else None)
        self.status = status
        self.end(f"refused {status}")

    def cancelled(self, reason: str) -> None:
        """CANCEL has come: 487 to the INVITE. `reason` is its Reason header, e.g. answered elsewhere."""
        if self.invite is None or self.state is not CallState.RINGING:
            return
        self.invite.respond(487)
        self.reason = reason
        self.end("cancelled by the caller")

    # -- in the call ------------------------------------------------------------------------------

    def requested(self, transaction: ServerTransaction) -> None:
        """A request inside the dialog."""
        request = transaction.request
        match request.method:
            case "BYE":
                transaction.respond(200)
                self.reason = reason_of(request)
                self.end("the other side hung up")
            case "INVITE" | "UPDATE":
                self._modified(transaction)
            case "NOTIFY":
                transaction.respond(200)
                if self.transfer is not None:
                    self.transfer.notified(request)
            case "REFER":
                transfer.referred(self, transaction)
            case "OPTIONS" | "INFO" | "MESSAGE":
                transaction.respond(200)
            case _:
                transaction.respond(405)

    def _modified(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if self.offering and request.method == "INVITE":
            transaction.respond(491)
            return
        self.dialog.refresh(request)
        self.show(request)
        headers = {"Contact": self.dialog.agent.contact(self.dialog.user)}
        offer = sdp.read(request.text) if request.body else None
        if request.method == "INVITE":
            self._unacknowledged = transaction
        if offer is not None:
            body = self.audio.session.answer(offer, "inactive" if self.on_hold else "sendrecv")
            transaction.respond(200, headers=headers | SDP_TYPE, body=body)
            self.audio.agree(offer)
        elif request.method == "INVITE":
            transaction.respond(200, headers=headers | SDP_TYPE, body=self.audio.session.describe())
        else:
            transaction.respond(200, headers=headers)
        self.station.note(f"{request.method.lower()} received", str(self.display), call=self.name)

    def acknowledged(self, request: SipRequest) -> None:
        """ACK of our final response; it carries the answer where our 200 carried the offer."""
        if self._unacknowledged is not None:
            self._unacknowledged.ack()
            self._unacknowledged = None
        if "ack received" not in self.stamps:
            self.stamp("ack received")
            if self.station.behaviour.habit == "holds" and self.direction == "in":
                self._habit = asyncio.create_task(self.hold())
        if request.body and self.state is CallState.UP:
            self.audio.agree(sdp.read(request.text))

    def hangup(self, reason: str = "") -> None:
        """Put the phone down, whatever the state: BYE, CANCEL or 603. Nothing on an ended call."""
        match self.state:
            case CallState.RINGING:
                self.reject(603)
            case CallState.DIALING | CallState.ALERTING:
                self._cancelling = reason
                if self._client is not None and self._client.provisional:
                    self._send_cancel()
                self.end("cancelled")
            case CallState.UP:
                self.dialog.send("BYE", {"Reason": reason} if reason else {})
                self.stamp("bye sent")
                self.end("hung up")
            case CallState.ENDED:
                return

    def lose(self) -> None:
        """Know nothing of it any more, as after a loss of power: no BYE, no RTP, and 481 to whatever comes for it."""
        self.station.line.calls.pop(self.dialog.key, None)
        self.end("lost")

    async def hold(self, direction: Literal["sendonly", "inactive"] = "sendonly") -> None:
        """The phone's hold key: a re-INVITE. Raises CallRefused."""
        self.audio.hold()
        await self._reinvite(direction)
        self.station.note("holds", direction, call=self.name)

    async def resume(self) -> None:
        """The hold key again. Raises CallRefused."""
        await self._reinvite("sendrecv")
        self.audio.resume()
        self.station.note("resumes", call=self.name)
        self.station.listen_again()

    async def send_dtmf(self, digits: str) -> None:
        """Press keys; returns when the last has been sent (RFC 4733). Raises ValueError, RuntimeError."""
        self.station.note("presses", digits, call=self.name)
        await self.audio.stream.send_dtmf(digits)

    async def assert_identity(self, headers: dict[str, str]) -> None:
        """A re-INVITE that changes nothing but who we say that we are. Raises CallRefused."""
        await self._reinvite("sendonly" if self.on_hold else "sendrecv", headers)

    async def _reinvite(self, direction: sdp.Direction, headers: dict[str, str] | None = None) -> None:
        if self.state is not CallState.UP:
            raise RuntimeError(f"{self.name} is {self.state}")
        status = await reinvite.offer(self, direction, headers or {})
        if status >= 300:
            raise CallRefused(f"re-INVITE of {self.name}", status)

    def _send_cancel(self) -> None:
        if self._client is not None and self._client.final is None and "cancel sent" not in self.stamps:
            self._client.cancel(self._cancelling or "")
            self.stamp("cancel sent")

    # -- audio ------------------------------------------------------------------------------------

    @property
    def on_hold(self) -> bool:
        """Whether this phone holds the call with its own key."""
        return self.audio.on_hold

    @property
    def digits(self) -> str:
        """The DTMF keys received in this call."""
        return self.audio.digits

    def hears(self) -> tuple[frozenset[int], Sound] | None:
        """What the person at this phone hears of this call: (tones, sound); None if it doesn't count."""
        if self.state in (CallState.ENDED, CallState.RINGING):
            return None
        heard = self.audio.hears
        if self.state is CallState.ALERTING and heard is not None and heard[1] is Sound.NO_RTP:
            # 180 without media: the caller's own phone plays the ringing tone.
            return frozenset(), Sound.RINGING
        return heard

    @property
    def answered_elsewhere(self) -> bool:
        """Whether the caller's CANCEL said so: the phone then shows no missed call."""
        return bool(re.search(r"SIP\s*;\s*cause=200|Q\.850\s*;\s*cause=26\b|elsewhere", self.reason, re.IGNORECASE))

    # -- bookkeeping ------------------------------------------------------------------------------

    def show(self, message: SipRequest | SipResponse, *, with_from: bool = False) -> None:
        """Put the identity that a message asserts on the display; one that asserts none changes nothing."""
        shown = identity(message, with_from=with_from)
        if shown is None:
            return
        shown = Display(shown.name, unquote(shown.number), shown.anonymous, shown.source)
        changed = not shown.says_the_same_as(self.display)
        self.display = shown
        if changed and "invite received" in self.stamps:
            self.station.note("displays", str(shown), call=self.name)

    def stamp(self, kind: str, text: str = "", *, at: float | None = None) -> None:
        """Note when something happened, in `stamps` and in the log."""
        self.stamps[kind] = time.monotonic() if at is None else at
        self.station.note(kind, text, call=self.name, at=self.stamps[kind])

    def end(self, cause: str) -> None:
        """The call is over; once."""
        if self.state is CallState.ENDED:
            return
        self.state = CallState.ENDED
        self.cause = cause
        self.audio.close()
        if self._unacknowledged is not None:
            self._unacknowledged.ack()
        self.stamp("ended", f"{cause} {self.reason}".rstrip())
        self.station.call_ended(self)
