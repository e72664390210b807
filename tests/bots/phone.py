"""A SIP phone on a desk: a socket and a registration of its own."""

from __future__ import annotations

from aiosipua import SipDigestAuth

from tests.bots.behaviour import Behaviour
from tests.bots.call import Call
from tests.bots.line import Line
from tests.bots.registration import Registration
from tests.bots.sip import Address
from tests.bots.station import Station
from tests.bots.studio import Studio


class Phone(Station):
    """A phone of `user` at the Asterisk `server` (None: a phone that only calls others directly)."""

    def __init__(
        self,
        studio: Studio,
        name: str,
        user: str,
        secret: str,
        server: Address | None,
        behaviour: Behaviour,
        display: str = "",
    ) -> None:
        super().__init__(studio, name, Line(self.invited), user, display, behaviour)
        self.auth = SipDigestAuth(user, secret) if secret else None
        self._server = server
        self._registration: Registration | None = None

    async def open(self, bind: Address) -> None:
        """Bind the socket. Raises OSError."""
        await self.line.open(bind)

    @property
    def uri(self) -> str:
        """Where this phone can be called directly, without a server."""
        host, port = self.line.agent.address
        return f"sip:{self.user}@{host}:{port}"

    @property
    def registered(self) -> bool:
        """Whether the last REGISTER succeeded."""
        return self._registration is not None and self._registration.registered

    def local_uri(self) -> str:
        """Our address of record at the server."""
        if self._server is None:
            return super().local_uri()
        name = f'"{self.display_name}" ' if self.display_name else ""
        return f"{name}<sip:{self.user}@{self._server[0]}:{self._server[1]}>"

    async def register(self, expires: int = 300) -> None:
        """Register, and renew by itself. Raises RegistrationFailed, and RuntimeError without a server."""
        if self._server is None:
            raise RuntimeError(f"{self.name} has no server to register with")
        if self._registration is None:
            self._registration = Registration(self.line.agent, self.user, self.auth, self._server)
        await self._registration.register(expires)
        self.note("registered", self.user)

    async def unregister(self) -> None:
        """Take the registration back. Raises RegistrationFailed."""
        if self._registration is not None:
            await self._registration.unregister()
            self.note("unregistered", self.user)

    def unplug(self) -> None:
        """Pull the cable: no SIP and no RTP, in or out; the phone's calls stay as they are."""
        self._plug(False)
        self.note("unplugged")

    async def plug_in(self) -> None:
        """Put the cable in again, and register. Raises RegistrationFailed."""
        self._plug(True)
        self.note("plugged in")
        if self._server is not None:
            await self.register()

    def _plug(self, plugged: bool) -> None:
        self.line.agent.plugged = plugged
        for call in self.live:
            call.audio.plug(plugged)

    def dial(self, target: str) -> Call:
        """Dial a number, or a whole `sip:` URI directly; returns the call at once."""
        if target.startswith("sip:"):
            host, _, port = target.partition("@")[2].partition(";")[0].partition(":")
            peer = (host, int(port or 5060))
            return self.call_uri(target, self._server or peer)
        if self._server is None:
            raise RuntimeError(f"{self.name} has no server, it can only dial a sip: URI")
        return self.call_uri(f"sip:{target}@{self._server[0]}:{self._server[1]}", self._server)

    def close(self) -> None:
        """Hang up, close the socket; `Lab` unregisters first."""
        super().close()
        if self._registration is not None:
            self._registration.close()
        self.line.close()
