"""Everybody outside the company: one SIP peer, which may want a login, and the contacts behind it."""

from __future__ import annotations

from enum import StrEnum

from aiosipua import parse_uri

from tests.bots.behaviour import Behaviour, is_unreachable
from tests.bots.call import Call
from tests.bots.dialog import quoted
from tests.bots.line import Line
from tests.bots.registrar import Registrar
from tests.bots.sip import Address, ServerTransaction
from tests.bots.station import Station
from tests.bots.studio import Studio


class Withholding(StrEnum):
    """How carriers pass on that somebody withholds who they are; `{me}` is the identity that they should have kept."""

    BY_FROM_AND_PRIVACY = "anonymous From; Privacy: id"
    BY_FROM_ALONE = "anonymous From"
    BESIDE_IDENTITY = "anonymous From; P-Asserted-Identity: {me}; Privacy: id"
    BESIDE_IDENTITY_FOR_THE_USER = "P-Asserted-Identity: {me}; Privacy: user;id"
    BY_FROM_BESIDE_IDENTITY = "anonymous From; P-Asserted-Identity: {me}"
    BY_PRIVACY_ALONE = "Privacy: id"
    BY_PRIVACY_OF_THE_HEADER = "Privacy: header"
    BY_PRIVACY_OF_THE_SESSION = "Privacy: session;critical"
    BY_REMOTE_PARTY_ID = "Remote-Party-ID: {me};party=calling;privacy=full"

    @property
    def words(self) -> str:
        """As scenarios call it: `beside identity`."""
        return self.name.lower().replace("_", " ")

    @property
    def anonymous_from(self) -> bool:
        return "anonymous From" in self.value

    @property
    def headers(self) -> dict[str, str]:
        """Those beside From."""
        listed = [header for header in self.value.split("; ") if header != "anonymous From"]
        return dict(header.split(": ", 1) for header in listed)


class Contact(Station):
    """Somebody outside, with a number, a name and a tone. Calls in, and can be called at the number."""

    def __init__(
        self, studio: Studio, carrier: Carrier, name: str, number: str, display: str, behaviour: Behaviour
    ) -> None:
        super().__init__(studio, name, carrier.line, number, display, behaviour)
        self.number = number
        self._carrier = carrier

    def dial(self, number: str, *, withheld: Withholding | bool = False) -> Call:
        """Call a number of the company. `withheld` hides the identity, as *31# does, in the way that is given."""
        host, port = self._carrier.server
        uri = f"sip:{number}@{host}:{port}"
        way = Withholding.BY_FROM_AND_PRIVACY if withheld is True else withheld or None
        self._anonymous = way is not None and way.anonymous_from
        me = super().local_uri()
        headers = {} if way is None else {name: value.format(me=me) for name, value in way.headers.items()}
        return self.call_uri(uri, self._carrier.server, headers)

    async def is_passed_on(self, display: str, number: str, *, withheld: bool = False) -> None:
        """In the newest call somebody else is at the phone now: a re-INVITE that asserts another identity.

        Raises CallRefused.
        """
        asserted = {"P-Asserted-Identity": f"{quoted(display)} <sip:{number}@{self._carrier.server[0]}>"}
        self.note(
            "is passed on", "somebody who withholds it" if withheld else f"{display} {number}", call=self.call.name
        )
        await self.call.assert_identity(asserted | ({"Privacy": "id"} if withheld else {}))

    _anonymous = False

    def local_uri(self) -> str:
        """The caller's identity as the carrier passes it on."""
        if self._anonymous:
            return '"Anonymous" <sip:anonymous@anonymous.invalid>'
        return super().local_uri()


class Carrier:
    """The trunk. A call to a number that is no contact's is refused as `unknown` says.

    With a `registrar`, the company has to register, and to prove who it is with each call that it makes.
    """

    def __init__(self, studio: Studio, server: Address) -> None:
        self.studio = studio
        self.server = server
        self.line = Line(self._invited, self._registers)
        self.registrar: Registrar | None = None
        self.contacts: dict[str, Contact] = {}
        self.unknown: Behaviour = is_unreachable(404)

    async def open(self, bind: Address) -> None:
        """Bind the trunk's socket. Raises OSError."""
        await self.line.open(bind)

    def contact(self, name: str, number: str, display: str, behaviour: Behaviour) -> Contact:
        """A new contact. Raises ValueError when the number is taken."""
        if number in self.contacts:
            raise ValueError(f"{number} is {self.contacts[number].name}'s already")
        contact = Contact(self.studio, self, name, number, display, behaviour)
        self.contacts[number] = contact
        return contact

    def plug(self, plugged: bool) -> None:
        """Cut the trunk (nothing is answered any more), or mend it."""
        self.line.agent.plugged = plugged
        self.studio.board.record("carrier", "plugged in" if plugged else "unplugged")

    def _registers(self, transaction: ServerTransaction) -> None:
        if self.registrar is None:
            transaction.respond(405)
        elif self.registrar.admits(transaction):
            self.registrar.register(transaction)
            self.studio.board.record("carrier", "registers", self.registrar.contact)

    def _invited(self, transaction: ServerTransaction) -> None:
        if self.registrar is not None and not self.registrar.admits(transaction):
            return
        number = parse_uri(transaction.request.uri).user or ""
        contact = self.contacts.get(number) or self.contacts.get(number.removeprefix("+"))
        if contact is not None:
            contact.invited(transaction)
        elif self.unknown.action != "ignore":
            self.studio.board.record("carrier", "refuses", f"{number} {self.unknown.status}")
            transaction.respond(self.unknown.status)

    def close(self) -> None:
        """Close the trunk's socket."""
        self.line.close()
