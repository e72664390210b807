"""Everybody outside the company: one SIP peer, without registration, and the contacts behind it."""

from __future__ import annotations

from aiosipua import parse_uri

from tests.bots.behaviour import Behaviour, is_unreachable
from tests.bots.call import Call
from tests.bots.line import Line
from tests.bots.sip import Address, ServerTransaction
from tests.bots.station import Station
from tests.bots.studio import Studio


class Contact(Station):
    """Somebody outside, with a number, a name and a tone. Calls in, and can be called at the number."""

    def __init__(
        self, studio: Studio, carrier: Carrier, name: str, number: str, display: str, behaviour: Behaviour
    ) -> None:
        super().__init__(studio, name, carrier.line, number, display, behaviour)
        self.number = number
        self._carrier = carrier

    def dial(self, number: str, *, withheld: bool = False) -> Call:
        """Call a number of the company. `withheld` hides the identity, as *31# does."""
        host, port = self._carrier.server
        uri = f"sip:{number}@{host}:{port}"
        self._withheld = withheld
        headers = {"Privacy": "id"} if withheld else {}
        return self.call_uri(uri, self._carrier.server, headers)

    _withheld = False

    def local_uri(self) -> str:
        """The caller's identity as the carrier passes it on."""
        if self._withheld:
            return '"Anonymous" <sip:anonymous@anonymous.invalid>'
        return super().local_uri()


class Carrier:
    """The trunk. A call to a number that is no contact's is refused with `status`."""

    def __init__(self, studio: Studio, server: Address) -> None:
        self.studio = studio
        self.server = server
        self.line = Line(self._invited)
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

    def _invited(self, transaction: ServerTransaction) -> None:
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
