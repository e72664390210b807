"""The phone's transfer key: REFER, blind and attended, and its progress (RFC 3515, 3891, 4488, 5589)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from aiosipua import SipRequest, parse_address, stringify_uri

from tests.bots.sip import ServerTransaction

if TYPE_CHECKING:
    from tests.bots.call import Call

_SIPFRAG = {"Content-Type": "message/sipfrag;version=2.0"}


class Transfer:
    """A REFER that we sent. `progress` has the status of each NOTIFY, e.g. [100, 180, 200]."""

    def __init__(self, call: Call, target: str) -> None:
        self.call = call
        self.target = target
        self.accepted = 0
        self.progress: list[int] = []
        self.finished = False

    @property
    def succeeded(self) -> bool:
        """Whether the transferee reported that the target answered."""
        return self.finished and bool(self.progress) and 200 <= self.progress[-1] < 300

    def notified(self, request: SipRequest) -> None:
        """A NOTIFY of the REFER's subscription. After the last, if it succeeded, we hang up."""
        found = re.match(r"SIP/2\.0\s+(\d{3})", request.text)
        if found is None:
            return
        status = int(found.group(1))
        self.progress.append(status)
        self.call.station.note("transfer progress", str(status), call=self.call.name)
        state = (request.get_header("subscription-state") or "").lower()
        if status >= 200 or state.startswith("terminated"):
            self._finish(status < 300)

    def _finish(self, succeeded: bool) -> None:
        if self.finished:
            return
        self.finished = True
        self.call.station.note("transfer finished", "ok" if succeeded else "failed", call=self.call.name)
        if succeeded:
            self.call.hangup()

    async def send(self, refer_to: str, *, refer_sub: bool) -> None:
        """Send the REFER. With `refer_sub` False no NOTIFY is wanted, and acceptance is the end of it."""
        headers = {"Refer-To": refer_to, "Referred-By": self.call.dialog.local}
        if not refer_sub:
            headers |= {"Refer-Sub": "false", "Supported": "norefersub"}
        response, _ = await self.call.dialog.ask("REFER", headers)
        self.accepted = response.status_code
        self.call.station.note("transfer answered", str(response.status_code), call=self.call.name)
        if response.status_code >= 300:
            self._finish(False)
        elif not refer_sub and (response.get_header("refer-sub") or "").lower() == "false":
            self._finish(True)


async def blind(call: Call, target: str, *, refer_sub: bool = True) -> Transfer:
    """Transfer the call to a number, or to a whole `sip:` URI. Returns when the REFER is answered."""
    host, port = call.dialog.peer
    uri = target if target.startswith("sip:") else f"sip:{target}@{host}:{port}"
    call.transfer = Transfer(call, target)
    await call.transfer.send(f"<{uri}>", refer_sub=refer_sub)
    return call.transfer


async def attended(call: Call, consultation: Call, *, refer_sub: bool = True) -> Transfer:
    """Connect the other side of `call` with the other side of `consultation` (Replaces)."""
    uri = consultation.dialog.target.split(";")[0]
    call.transfer = Transfer(call, consultation.name)
    replaces = quote(consultation.dialog.replaces(), safe="")
    await call.transfer.send(f"<{uri}?Replaces={replaces}>", refer_sub=refer_sub)
    return call.transfer


def referred(call: Call, transaction: ServerTransaction) -> None:
    """A REFER from the other side: call its target, and report how that goes."""
    raw = transaction.request.get_header("refer-to")
    if raw is None:
        transaction.respond(400)
        return
    address = parse_address(raw)
    replaces = next((v for k, v in address.uri.headers.items() if k.lower() == "replaces"), "")
    address.uri.headers = {}
    quiet = (transaction.request.get_header("refer-sub") or "").lower() == "false"
    transaction.respond(202, headers={"Refer-Sub": "false"} if quiet else None)
    call.station.note("referred", stringify_uri(address.uri), call=call.name)
    peer = (address.uri.host, address.uri.port or 5060)
    headers = {"Replaces": unquote(replaces)} if replaces else {}
    target = call.station.call_uri(stringify_uri(address.uri), peer, headers)
    if not quiet:
        _notify(call, 100, last=False)
        target.on_outcome.append(lambda status: _notify(call, status, last=True))


def _notify(call: Call, status: int, *, last: bool) -> None:
    state = "terminated;reason=noresource" if last else "active;expires=60"
    body = f"SIP/2.0 {status} {'OK' if status == 200 else 'Trying' if status == 100 else 'Failed'}\r\n"
    headers = {"Event": "refer", "Subscription-State": state} | _SIPFRAG
    call.dialog.send("NOTIFY", headers, body.encode())
