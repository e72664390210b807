"""A SIP dialog (RFC 3261, 12) and what a phone shows of its other side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aiosipua import (
    SipDigestAuth,
    SipMessage,
    SipRequest,
    SipResponse,
    generate_call_id,
    generate_tag,
    parse_address,
    stringify_uri,
)

from tests.bots.registration import authorised
from tests.bots.sip import ALLOW, USER_AGENT, Address, UserAgent


@dataclass(frozen=True, slots=True)
class Display:
    """What stands on the phone's display: who the other side is.

    `source` is the header it came from. An anonymous identity has neither name nor number, whatever
    the header carried: a phone that honours Privacy shows neither.
    """

    name: str = ""
    number: str = ""
    anonymous: bool = False
    source: str = ""

    def says_the_same_as(self, other: Display) -> bool:
        """Whether a person would see no difference."""
        return replace(self, source="") == replace(other, source="")

    def __str__(self) -> str:
        if self.anonymous:
            return "anonymous"
        return f'"{self.name}" <{self.number}>'


def identity(message: SipMessage, *, with_from: bool) -> Display | None:
    """The identity that a message asserts: P-Asserted-Identity, else Remote-Party-ID, else From.

    None when it asserts none (From counts only where `with_from`, which is for an initial INVITE).
    """
    hidden = any("id" in value.split(";") or "user" in value for value in message.headers.get("privacy"))
    for header in ("P-Asserted-Identity", "Remote-Party-ID", "From"):
        raw = message.get_header(header)
        if raw is None or (header == "From" and not with_from):
            continue
        address = parse_address(raw)
        name = re.sub(r"\\(.)", r"\1", (address.display_name or "").strip())
        number = address.uri.user or ""
        privacy = (address.params.get("privacy") or "off").lower()
        unknown = number.lower() in ("anonymous", "restricted") or address.uri.host == "anonymous.invalid"
        if hidden or privacy not in ("off", "no") or unknown:
            return Display(anonymous=True, source=header)
        return Display(name, number, source=header)
    return None


def quoted(name: str) -> str:
    """A display name as it stands in a SIP header (RFC 3261, 25.1: quoted-string)."""
    escaped = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{escaped}"'


def reason_of(message: SipMessage) -> str:
    """The Reason header (RFC 3326) as it stands, e.g. `SIP;cause=200;text="Call completed elsewhere"`."""
    return "; ".join(message.headers.get("reason"))


def wants_auto_answer(request: SipRequest) -> bool:
    """Whether an INVITE asks the phone to answer by itself (Call-Info answer-after=0, Alert-Info)."""
    for value in request.headers.get("call-info"):
        if re.search(r"answer-after\s*=\s*0", value, re.IGNORECASE):
            return True
    return any(re.search(r"auto[- ]?answer", value, re.IGNORECASE) for value in request.headers.get("alert-info"))


@dataclass(slots=True)
class Dialog:
    """One side's state of a dialog. `peer` is where its requests are sent (symmetric signalling)."""

    agent: UserAgent
    user: str
    peer: Address
    call_id: str
    local: str
    local_tag: str
    remote: str
    target: str
    remote_tag: str = ""
    seq: int = 0
    routes: list[str] = field(default_factory=list)
    auth: SipDigestAuth | None = None
    """What challenges of our requests are answered with."""

    @classmethod
    def outgoing(cls, agent: UserAgent, user: str, local: str, uri: str, peer: Address) -> Dialog:
        """The dialog of a call that we are about to make to `uri`; `local` is our From without a tag."""
        return cls(agent, user, peer, generate_call_id(agent.address[0]), local, generate_tag(), f"<{uri}>", uri)

    @classmethod
    def incoming(cls, agent: UserAgent, user: str, request: SipRequest, tag: str, source: Address) -> Dialog:
        """The dialog that an INVITE from `source` asks for, with `tag` as ours."""
        remote = request.from_addr
        target = request.contact[0].uri if request.contact else remote.uri if remote is not None else None
        return cls(
            agent,
            user,
            source,
            request.call_id or "",
            _without_tag(request.get_header("to") or ""),
            tag,
            _without_tag(request.get_header("from") or ""),
            stringify_uri(target) if target is not None else "",
            (remote.tag or "") if remote is not None else "",
            routes=list(request.headers.get("record-route")),
        )

    @property
    def key(self) -> tuple[str, str]:
        """(Call-ID, our tag): what requests inside the dialog are found by."""
        return self.call_id, self.local_tag

    def learn(self, response: SipResponse) -> None:
        """Take the other side's tag, target and route set out of a response that has a To tag."""
        to = response.to_addr
        if to is None or to.tag is None:
            return
        if not self.remote_tag:
            self.routes = list(reversed(response.headers.get("record-route")))
        self.remote_tag = to.tag
        self.refresh(response)

    def end_other(self, response: SipResponse, seq: int) -> None:
        """Another phone has answered our INVITE (its number: `seq`) too: hang its call up (RFC 3261, 13.2.2.4)."""
        other = replace(self, remote_tag="", routes=[])
        other.learn(response)
        self.agent.send(bytes(other.request("ACK", seq=seq)), self.peer)
        other.send("BYE", {})

    def refresh(self, message: SipMessage) -> None:
        """Target refresh (RFC 3261, 12.2): INVITE and UPDATE move the other side's Contact."""
        if message.contact:
            self.target = stringify_uri(message.contact[0].uri)

    def request(self, method: str, *, seq: int | None = None) -> SipRequest:
        """A request inside the dialog (or the INVITE that starts it); `seq` for ACK only."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        request = SipRequest(method=method, uri=self.target)
        request.headers.append("Via", self.agent.via())
        for route in self.routes:
            request.headers.append("Route", route)
        request.set_header("From", f"{self.local};tag={self.local_tag}")
        request.set_header("To", self.remote + (f";tag={self.remote_tag}" if self.remote_tag else ""))
        request.set_header("Call-ID", self.call_id)
        request.set_header("CSeq", f"{seq} {method}")
        request.set_header("Contact", self.agent.contact(self.user))
        request.set_header("Max-Forwards", "70")
        request.set_header("User-Agent", USER_AGENT)
        if method in ("INVITE", "UPDATE"):
            request.set_header("Allow", ALLOW)
            request.set_header("Supported", "replaces, norefersub")
        return request

    async def ask(self, method: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[SipResponse, int]:
        """A request inside the dialog: (its final response, the CSeq number it was for)."""
        request = self._filled(method, headers, body)
        response = await self.agent.ask(request, self.peer)
        if response.status_code in (401, 407):
            again = self._filled(method, headers, body)
            if authorised(again, response, self.auth):
                request = again
                response = await self.agent.ask(request, self.peer)
        return response, request.cseq.seq if request.cseq is not None else 0

    def send(self, method: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        """A request inside the dialog whose response nobody waits for."""

        def challenged(response: SipResponse) -> None:
            if response.status_code in (401, 407):
                again = self._filled(method, headers, body)
                if authorised(again, response, self.auth):
                    self.agent.start(again, self.peer, lambda final: None)

        self.agent.start(self._filled(method, headers, body), self.peer, challenged)

    def _filled(self, method: str, headers: Mapping[str, str], body: bytes) -> SipRequest:
        request = self.request(method)
        for name, value in headers.items():
            request.set_header(name, value)
        request.body = body
        return request

    def replaces(self) -> str:
        """This dialog as the other side would name it in a Replaces header (RFC 3891)."""
        return f"{self.call_id};to-tag={self.remote_tag};from-tag={self.local_tag}"


def _without_tag(header: str) -> str:
    return re.sub(r";\s*tag=[^;>\s]+", "", header)
