"""Phones in the page: their accounts are pushed to Asterisk when they are needed, and their sockets led to it, or to
the SIP edge in front of several.

An account is an endpoint, a place (aor) and the digest of a secret (auth) that live in Asterisk's memory alone
(`memory` in sorcery.conf): nothing is written anywhere, a restart of Asterisk forgets them, and the next socket brings
them again.
The endpoint is a copy of the desk phone's, as far as people notice: the administrator writes nothing twice.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress

import aiohttp
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from ari_app.ari.client import AriClient
from ari_app.ari.devices import page_of
from ari_app.ari.failures import AriError, NotFound, Unreachable
from ari_app.routing.phones import REALM

SUBPROTOCOL = "sip"
LONGEST = 64 * 1024
"""Bytes of one SIP message."""

_CONNECT_WITHIN = 5.0
# Of the desk phone's endpoint: who they are, what they may dial, and how Asterisk treats them.
_COPIED = (
    "accountcode", "allow_transfer", "bind_rtp_to_media_address", "call_group", "callerid", "context",
    "device_state_busy_at", "direct_media", "dtmf_mode", "force_rport", "language", "media_address", "moh_suggest",
    "named_call_group", "named_pickup_group", "outbound_proxy", "pickup_group", "rpid_immediate", "rtp_keepalive",
    "rtp_symmetric", "rtp_timeout", "rtp_timeout_hold", "send_connected_line", "send_pai", "send_rpid",
    "subscribe_context", "tone_zone", "trust_id_inbound", "trust_id_outbound",
)  # fmt: skip
# What a browser is.
_BROWSER = {
    "allow": "!all,opus,ulaw,alaw",
    "dtls_auto_generate_cert": "yes",
    "identify_by": "username",
    "webrtc": "yes",
}
# It has no address of its own, and is reached by its socket.
_BY_SOCKET = {"rewrite_contact": "yes"}
# As phones on the desk have it in pjsip.conf: a page that is gone is noticed within seconds.
_PLACE = {
    "max_contacts": "1",
    "remove_existing": "yes",
    "qualify_frequency": "2",
    "qualify_timeout": "1.5",
    "minimum_expiration": "30",
    "default_expiration": "120",
}


# Of the desk phone's place at the edge.
_COPIED_PLACE = ("outbound_proxy", "qualify_2xx_only", "qualify_frequency", "qualify_timeout")
_LOOK = 1.0
"""Seconds between two looks whether an Asterisk behind the edge was restarted."""


class PagePhones:
    """Accounts and sockets of one Asterisk. Make it inside the running event loop."""

    def __init__(self, client: AriClient, url: str) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/ws"
        self._session = ClientSession()

    async def connect(self, user: str, password: str) -> ClientWebSocketResponse:
        """A socket to Asterisk for the phone in the page of the agent whose phone is `user`.

        From now on `password` alone is right for it.

        Raises:
            AriError: Asterisk is away, or has no such phone, or no place for such accounts.
        """
        await self.admit(user, password)
        return await _connect(self._session, self._url, "Asterisk takes no SIP by WebSocket; see ari-app check")

    async def admit(self, user: str, password: str) -> None:
        """Have Asterisk know the account, with this secret and no other.

        Raises:
            AriError: see `connect`.
        """
        page = page_of(user)
        desk = await self._client.configured("endpoint", user)
        digest = hashlib.md5(f"{page}:{REALM}:{password}".encode(), usedforsecurity=False).hexdigest()
        secret = {"auth_type": "digest", "username": page, "realm": REALM, "password_digest": f"MD5:{digest}"}
        await self._client.configure("auth", page, secret)
        await self._client.configure("aor", page, _PLACE)
        account = {**_of_the_desks(desk), **_BROWSER, **_BY_SOCKET, "auth": page, "aors": page}
        await self._client.configure("endpoint", page, account)

    async def forget(self, user: str) -> None:
        """No secret is right for it any more. What is up of its calls goes on.

        Raises:
            AriError: Asterisk is away.
        """
        try:
            await self._client.unconfigure("auth", page_of(user))
        except NotFound:
            return

    async def keep(self) -> None:
        """An Asterisk that was restarted has closed all sockets, and the next bring what it has forgotten."""

    async def close(self) -> None:
        """Close every socket."""
        await self._session.close()


class PagePhonesAtEdge:
    """Accounts at each Asterisk behind a SIP edge, and sockets to the edge, where these phones register as those on the
    desk do: any Asterisk rings them, and the death of one ends no registration. Make it inside the running event loop.

    `edge` is its WebSocket; it knows a controller by its address, `own`, from which the sockets come (None: the
    system chooses), and needs no secret.
    """

    def __init__(self, clients: Sequence[AriClient], edge: str, own: str | None) -> None:
        self._edge = edge
        self._session = ClientSession(connector=TCPConnector(limit=0, local_addr=None if own is None else (own, 0)))
        self._wanted: set[str] = set()
        self._places = [_Place(client) for client in clients]

    async def connect(self, user: str, password: str) -> ClientWebSocketResponse:
        """As of `PagePhones`; `password` is not needed.

        Raises:
            AriError: the edge is away, or no Asterisk has such a phone.
        """
        self._wanted.add(user)
        refused = await asyncio.gather(*(place.bring({user}) for place in self._places))
        if None not in refused:
            self._wanted.discard(user)
            raise next(error for error in refused if error is not None)
        return await _connect(self._session, self._edge, "the edge takes no SIP by WebSocket")

    async def forget(self, user: str) -> None:
        """Nobody has it in a page now. What is up of its calls goes on."""
        self._wanted.discard(user)
        await asyncio.gather(*(place.forget(user) for place in self._places))

    async def keep(self) -> None:
        """Bring again what an Asterisk has forgotten that was restarted, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for place in self._places:
                tasks.create_task(place.keep(self._wanted))

    async def close(self) -> None:
        """Close every socket."""
        await self._session.close()


class _Place:
    """What one Asterisk behind the edge has been brought since it was started."""

    def __init__(self, client: AriClient) -> None:
        self._client = client
        self._started = ""
        self._brought: set[str] = set()

    async def keep(self, wanted: Set[str]) -> None:
        """Bring it what it lacks, for ever."""
        while True:
            with suppress(AriError):  # it is away
                await self._look(wanted)
            await asyncio.sleep(_LOOK)

    async def _look(self, wanted: Set[str]) -> None:
        started = await self._client.started()
        if started != self._started:
            self._started = started
            self._brought.clear()
        await self.bring(wanted - self._brought)

    async def bring(self, users: Set[str]) -> AriError | None:
        """Have it know these accounts; why one could not be brought."""
        failed: AriError | None = None
        for user in users:
            try:
                await self._account(user)
                self._brought.add(user)
            except Unreachable as error:
                return error
            except AriError as error:
                failed = error
        return failed

    async def forget(self, user: str) -> None:
        """Have it ring nobody: the edge believes for a while that the page is there, which has gone without a word."""
        self._brought.discard(user)
        with suppress(AriError):  # away, or it never knew it
            await self._client.unconfigure("aor", page_of(user))

    async def _account(self, user: str) -> None:
        page = page_of(user)
        desk = await self._client.configured("endpoint", user)
        place = await self._client.configured("aor", user)
        if f"sip:{user}@" not in place.get("contact", ""):
            raise NotFound(404, f"the phone {user} has no place at the edge")
        at = {name: place[name] for name in _COPIED_PLACE if place.get(name)}
        contact = place["contact"].replace(f"sip:{user}@", f"sip:{page}@", 1)
        await self._client.configure("aor", page, {**at, "contact": contact})
        await self._client.configure("endpoint", page, {**_of_the_desks(desk), **_BROWSER, "aors": page})


def _of_the_desks(endpoint: Mapping[str, str]) -> dict[str, str]:
    return {name: endpoint[name] for name in _COPIED if endpoint.get(name)}


async def _connect(session: ClientSession, url: str, refused: str) -> ClientWebSocketResponse:
    try:
        async with asyncio.timeout(_CONNECT_WITHIN):
            return await session.ws_connect(
                url, protocols=(SUBPROTOCOL,), max_msg_size=LONGEST, compress=0, autoclose=True
            )
    except aiohttp.WSServerHandshakeError as error:
        raise AriError(error.status, refused) from error
    except TimeoutError as error:  # which is an OSError
        raise Unreachable("no answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(f"no connection: {type(error).__name__}") from error
