"""REGISTER with digest, kept alive, and taken back (RFC 3261, 10; RFC 7616)."""

from __future__ import annotations

import asyncio

from aiosipua import SipDigestAuth, SipRequest, SipResponse, generate_call_id, generate_tag
from aiosipua.auth import answer_challenge

from tests.bots.sip import USER_AGENT, Address, UserAgent


class RegistrationFailed(RuntimeError):
    """The registrar refused, or did not answer; `status` is its SIP status (408 for silence)."""

    def __init__(self, user: str, status: int, reason: str) -> None:
        super().__init__(f"REGISTER of {user}: {status} {reason}")
        self.status = status


def authorised(request: SipRequest, response: SipResponse, auth: SipDigestAuth | None) -> bool:
    """Add the answer to a 401 or 407 to `request`. False where it can't be answered."""
    if auth is None or response.status_code not in (401, 407):
        return False
    header = answer_challenge(auth, response, response.status_code, request.method, request.uri)
    if header is None:
        return False
    request.set_header(*header)
    return True


class Registration:
    """A binding of `user` at a registrar to our socket, renewed at half its time."""

    def __init__(self, agent: UserAgent, user: str, auth: SipDigestAuth | None, registrar: Address) -> None:
        self._agent = agent
        self._user = user
        self._auth = auth
        self._registrar = registrar
        self._call_id = generate_call_id(agent.address[0])
        self._tag = generate_tag()
        self._seq = 0
        self._renewal: asyncio.Task[None] | None = None
        self.registered = False

    async def register(self, expires: int = 300) -> None:
        """Register, and renew until `unregister`. Raises RegistrationFailed."""
        await self._ask(expires)
        self.registered = True
        self._stop()
        self._renewal = asyncio.create_task(self._renew(expires))

    async def unregister(self) -> None:
        """Remove the binding. Raises RegistrationFailed."""
        self._stop()
        self.registered = False
        await self._ask(0)

    def close(self) -> None:
        """Renew no more; the registrar forgets the binding when it expires."""
        self._stop()

    def _stop(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None

    async def _renew(self, expires: int) -> None:
        while True:
            await asyncio.sleep(expires / 2)
            try:
                await self._ask(expires)
            except RegistrationFailed:
                # The registrar restarts: the phone stays as it is and asks again, as phones do.
                self.registered = False
            else:
                self.registered = True

    async def _ask(self, expires: int) -> None:
        response = await self._agent.ask(request := self._request(expires), self._registrar)
        if response.status_code in (401, 407):
            request = self._request(expires)
            if authorised(request, response, self._auth):
                response = await self._agent.ask(request, self._registrar)
        if response.status_code >= 300:
            raise RegistrationFailed(self._user, response.status_code, response.reason_phrase)

    def _request(self, expires: int) -> SipRequest:
        host, port = self._registrar
        address = f"<sip:{self._user}@{host}:{port}>"
        self._seq += 1
        request = SipRequest(method="REGISTER", uri=f"sip:{host}:{port}")
        request.headers.append("Via", self._agent.via())
        request.set_header("From", f"{address};tag={self._tag}")
        request.set_header("To", address)
        request.set_header("Call-ID", self._call_id)
        request.set_header("CSeq", f"{self._seq} REGISTER")
        request.set_header("Contact", self._agent.contact(self._user))
        request.set_header("Expires", str(expires))
        request.set_header("Max-Forwards", "70")
        request.set_header("User-Agent", USER_AGENT)
        return request
