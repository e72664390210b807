"""Which phones can ring: registered and answering, as Asterisk sees them; and which places of theirs are lost.

On an application and a socket of its own: Asterisk may lock up when a socket that follows devices closes (issue 2170),
and a subscription to endpoints sends every event of their channels a second time. Only changes of endpoints are let
through.

Lamps change several times a call for each of its agents, so they have a lane of their own where lanes carry requests,
and are written ten times a second: who becomes free and is rung within milliseconds was never reserved to any eye.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import structlog

from ari_app.ari.asterisk import AsteriskSettings
from ari_app.ari.client import AriClient
from ari_app.ari.devices import PAGE
from ari_app.ari.failures import AriError
from ari_app.ari.gate import GateKeeper
from ari_app.ari.http import HttpClient
from ari_app.ari.in_use import Timer, later
from ari_app.ari.lamps import Lamps
from ari_app.ari.link import Link
from ari_app.ari.liveness import PlaceStatus
from ari_app.ari.phone_accounts import AccountKeeper
from ari_app.tasks import keep_on

log = structlog.get_logger(__name__)

_EVENTS = ("PeerStatusChange", "ContactStatusChange")
_SOURCE = "endpoint:PJSIP"
_OFFLINE = "offline"

# A place (contact) is unreachable when it does not answer OPTIONS, and removed when its registration is over: it was
# not renewed, was taken back, or another took its place, as when a phone has booted with another port.
_PLACES = {"Unreachable": PlaceStatus.UNREACHABLE, "Removed": PlaceStatus.REMOVED}

LAMPS_EVERY = 0.1
"""Seconds."""
MOVES_WITHIN = 0.5
"""Seconds. When another place takes over Asterisk tells that the phone is gone, and then that it is there."""

type OnPhone = Callable[[str, bool], None]


class OnPlace(Protocol):
    """Who is notified of a place of a phone that is lost, or there (again)."""

    def __call__(self, user: str, uri: str, is_now: PlaceStatus, /) -> None: ...


class Presence:
    """Tells `on_phone(user, can_ring)` for every phone at each connection, and then what changes; and `on_place`.

    While Asterisk can't be reached nothing is reported: what was last known holds. `lamps` shows agents' states on
    phones, `gate` says whether Asterisk takes new calls, `accounts` are those of phones that the file has.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        on_phone: OnPhone,
        on_place: OnPlace,
        later: Callable[[float, Callable[[], None]], Timer] = later,
    ) -> None:
        self._on_phone = on_phone
        self._later = later
        self._leaving: dict[str, Timer] = {}
        self._on_place = on_place
        http = HttpClient(
            settings.user,
            settings.password,
            leads=settings.leads,
            figures=settings.figures,
            lanes=min(settings.lanes, 1),
            lanes_called="lamps-",
        )
        self._client = AriClient(settings.url, http)
        self._application = f"{settings.application}-presence"
        self._link = Link(
            self._client,
            self._application,
            self,
            sources=(_SOURCE,),
            events=_EVENTS,
            pace=settings.pace,
        )
        self.lamps = Lamps(self._client, settings.application, partial(asyncio.sleep, LAMPS_EVERY))
        self.gate = GateKeeper(self._client, settings.application)
        self.accounts = AccountKeeper(self._client, settings.application, settings.password)
        self._listing: asyncio.Task[None] | None = None
        self._changed: set[str] = set()
        self._known: set[str] = set()

    def start(self) -> None:
        """Follow the phones from now on."""
        self._link.start()

    def suspect(self) -> None:
        """Events may have been missed: connect anew, and list the phones."""
        self._link.suspect()

    async def stop(self) -> None:
        """Close the connection."""
        self.lamps.close()
        self.gate.close()
        self.accounts.close()
        if self._listing is not None:
            self._listing.cancel()
        for timer in self._leaving.values():
            timer.cancel()
        await self._link.stop()
        await self._client.close()

    def link_up(self, channels: list[Mapping[str, Any]], bridges: list[Mapping[str, Any]]) -> None:
        """See `link.Listener`."""
        self._changed.clear()
        self._client.open_lanes(self._application)
        self.gate.connected()
        self.lamps.show_all()
        self.accounts.connected()
        self._listing = asyncio.get_running_loop().create_task(keep_on(self._list), name="presence-list")

    def link_event(self, event: Mapping[str, Any]) -> None:
        """See `link.Listener`."""
        endpoint = event.get("endpoint") or {}
        user = str(endpoint.get("resource", ""))
        if user and endpoint.get("technology") == "PJSIP":
            self._changed.add(user)
            self._known.add(user)
            self._changes(user, can_ring=endpoint.get("state") != _OFFLINE)
            if (contact := event.get("contact_info")) is not None:
                self._on_place(user, str(contact["uri"]), _PLACES.get(contact["contact_status"], PlaceStatus.THERE))

    def _changes(self, user: str, *, can_ring: bool) -> None:
        """That it can't ring is reported when it still can't after a moment. Of a page it is reported at once: rung in
        that moment for a contact who waits, it would not be found; and one that is thought to be there is not rung
        again when it is back.
        """
        if not can_ring and user.endswith(PAGE):
            self._on_phone(user, False)
            return
        if not can_ring:
            if user not in self._leaving:
                self._leaving[user] = self._later(MOVES_WITHIN, lambda: self._is_gone(user))
            return
        leaving = self._leaving.pop(user, None)
        if leaving is not None:
            leaving.cancel()
        self._on_phone(user, True)

    def _is_gone(self, user: str) -> None:
        del self._leaving[user]
        self._on_phone(user, False)

    def link_down(self, *, fenced: bool) -> None:
        """See `link.Listener`."""
        self._client.http.lanes.shut()

    async def _list(self) -> None:
        try:
            endpoints = await self._client.call("endpoints", "listByTech", tech="PJSIP")
        except AriError as error:
            log.warning("phones_not_listed", reason=str(error))
            return
        for endpoint in endpoints:
            user = str(endpoint["resource"])
            if user not in self._changed:  # what an event reported since is newer than the list
                self._on_phone(user, endpoint.get("state") != _OFFLINE)
        listed = {str(endpoint["resource"]) for endpoint in endpoints}
        for user in sorted(self._known - listed - self._changed):
            self._on_phone(user, False)  # a restart has forgotten it, as phones in the page are
        self._known = listed | self._changed
