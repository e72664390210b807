"""Phones in the page: their accounts are pushed to Asterisk when they are needed, and their sockets led to it.

An account is an endpoint, a place (aor) and a secret (auth) that live in Asterisk's memory alone (`memory` in
sorcery.conf): nothing is written anywhere, a restart of Asterisk forgets them, and the next socket brings them again.
The endpoint is a copy of the desk phone's, as far as people notice: the administrator writes nothing twice.
"""

import asyncio

import aiohttp
from aiohttp import ClientSession, ClientWebSocketResponse

from ari_app.ari.client import AriClient
from ari_app.ari.devices import page_of
from ari_app.ari.failures import AriError, NotFound, Unreachable

SUBPROTOCOL = "sip"
LONGEST = 64 * 1024
"""Bytes of one SIP message."""

_CONNECT_WITHIN = 5.0
# Of the desk phone's endpoint: who they are, what they may dial, and how Asterisk treats them.
_COPIED = (
    "accountcode", "allow_transfer", "bind_rtp_to_media_address", "call_group", "callerid", "context",
    "device_state_busy_at", "direct_media", "dtmf_mode", "force_rport", "language", "media_address", "moh_suggest",
    "named_call_group", "named_pickup_group", "pickup_group", "rpid_immediate", "rtp_keepalive", "rtp_symmetric",
    "rtp_timeout", "rtp_timeout_hold", "send_connected_line", "send_pai", "send_rpid",
    "subscribe_context", "tone_zone", "trust_id_inbound", "trust_id_outbound",
)  # fmt: skip
# What a browser is.
_BROWSER = {
    "allow": "!all,opus,ulaw,alaw",
    "dtls_auto_generate_cert": "yes",
    "identify_by": "username",
    # It has no address of its own, and is reached by its socket.
    "rewrite_contact": "yes",
    "webrtc": "yes",
}
# As phones on the desk have it in pjsip.conf: a page that is gone is noticed within seconds.
_PLACE = {
    "max_contacts": "1",
    "remove_existing": "yes",
    "qualify_frequency": "2",
    "qualify_timeout": "1.5",
    "minimum_expiration": "30",
    "default_expiration": "120",
}


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
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                return await self._session.ws_connect(
                    self._url, protocols=(SUBPROTOCOL,), max_msg_size=LONGEST, compress=0, autoclose=True
                )
        except aiohttp.WSServerHandshakeError as error:
            raise AriError(error.status, "Asterisk takes no SIP by WebSocket; see ari-app check") from error
        except aiohttp.ClientError as error:
            raise Unreachable(f"no connection: {type(error).__name__}") from error
        except TimeoutError as error:
            raise Unreachable("no answer in time") from error

    async def admit(self, user: str, password: str) -> None:
        """Have Asterisk know the account, with this secret and no other.

        Raises:
            AriError: see `connect`.
        """
        page = page_of(user)
        desk = await self._client.configured("endpoint", user)
        secret = {"auth_type": "userpass", "username": page, "password": password}
        await self._client.configure("auth", page, secret)
        await self._client.configure("aor", page, _PLACE)
        copied = {name: desk[name] for name in _COPIED if desk.get(name)}
        await self._client.configure("endpoint", page, {**copied, **_BROWSER, "auth": page, "aors": page})

    async def forget(self, user: str) -> None:
        """No secret is right for it any more. What is up of its calls goes on.

        Raises:
            AriError: Asterisk is away.
        """
        try:
            await self._client.unconfigure("auth", page_of(user))
        except NotFound:
            return

    async def close(self) -> None:
        """Close every socket."""
        await self._session.close()
