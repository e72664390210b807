"""Accounts of phones that the call centre's own file has: brought to one Asterisk, and taken away again.

Each is an endpoint, a place (aor) and a secret (auth), where sorcery.conf has them. The endpoint is made like
`[any-phone]` in pjsip.conf, which is nobody's, and says in its `callerid_tag`, which stays inside Asterisk, whose it is
and what it was made of. A restart of Asterisk forgets them, but not where phones have registered: with its account a
phone is back.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.devices import PAGE
from ari_app.ari.failures import AriError, NotFound, Unreachable
from ari_app.routing.phones import REALM, PhoneAccount, PhoneAccounts
from ari_app.tasks import keep_on

log = structlog.get_logger(__name__)

TEMPLATE = "any-phone"
"""The endpoint and the place in pjsip.conf that all accounts are made like. Nobody can be it."""
RETRY_SECONDS = 5.0
KINDS = ("auth", "aor", "endpoint")

_IN_NAMES = str.maketrans(dict.fromkeys('"<>\\', ""))
# Of each endpoint its own; and what Asterisk warns of whoever gives it.
_NOT_COPIED = ("auth", "aors", "identify_by", "callerid", "callerid_tag", "stir_shaken")


@dataclass(frozen=True, slots=True)
class _Template:
    endpoint: Mapping[str, str]
    place: Mapping[str, str]

    @property
    def at_edge(self) -> bool:
        """Whether phones register at a SIP edge, which alone knows their secrets."""
        return bool(self.place.get("contact"))


class AccountKeeper:
    """Keeps one Asterisk's accounts as they are wanted. `key`: a secret of this call centre, so that nobody can tell by
    an account's tag what its secret is."""

    def __init__(self, client: AriClient, application: str, key: str) -> None:
        self._client = client
        self._application = application
        self._key = key.encode()
        self._wanted: PhoneAccounts = MappingProxyType({})
        self._connected = False
        self._again = False
        self._work: asyncio.Task[None] | None = None

    def want(self, accounts: PhoneAccounts) -> None:
        """From now on there are these, and no others of ours."""
        self._wanted = accounts
        self._begin()

    def connected(self) -> None:
        """Asterisk has been connected anew: it may know nothing of them."""
        self._connected = True
        self._begin()

    def close(self) -> None:
        """Keep nothing any more."""
        if self._work is not None:
            self._work.cancel()

    def _begin(self) -> None:
        self._again = True
        if self._connected and (self._work is None or self._work.done()):
            self._work = asyncio.get_running_loop().create_task(keep_on(self._keep), name="phone-accounts")

    async def _keep(self) -> None:
        while self._again:
            self._again = False
            try:
                await self._look()
            except AriError as error:
                log.warning("phone_accounts_not_brought", accounts=len(self._wanted), reason=str(error))
                if isinstance(error, Unreachable):
                    self._again = True
                    await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                self._again = True  # when this is begun anew
                raise

    async def _look(self) -> None:
        wanted = self._wanted
        endpoints = await self._client.call("endpoints", "listByTech", tech="PJSIP")
        there = {str(each["resource"]) for each in endpoints}
        if wanted:
            template = await self._template()
            for account in wanted.values():
                await self._each(account.user, self._bring(account, template))
        for user in sorted(there - wanted.keys() - {TEMPLATE}):
            if not user.endswith(PAGE) and await self._is_ours(user):
                await self._each(user, self._remove(user))

    async def _template(self) -> _Template:
        try:
            endpoint = await self._client.configured("endpoint", TEMPLATE)
            return _Template(endpoint, await self._client.configured("aor", TEMPLATE))
        except NotFound:
            raise AriError(404, f"pjsip.conf has no [{TEMPLATE}], which they are made like") from None

    async def _each(self, user: str, work: Coroutine[None, None, None]) -> None:
        """What is refused of one keeps no other away."""
        try:
            await work
        except Unreachable:
            raise
        except AriError as error:
            log.warning("phone_account_refused", phone=user, reason=str(error))

    async def _bring(self, account: PhoneAccount, template: _Template) -> None:
        made = _objects(account, template)
        tag = self._tag(account, made)
        has = await self._tag_of(account.user)
        if has == tag:
            return
        if has is not None and not self._is_tag(has):
            raise AriError(409, f"pjsip.conf has [{account.user}] already, and that one counts")
        if has is not None and has.split(":")[1] != tag.split(":")[1]:
            await self._forget("aor", account.user)  # who has registered by another secret is gone with it
        made["endpoint"]["callerid_tag"] = tag
        for kind in KINDS:
            if kind in made:
                await self._client.configure(kind, account.user, made[kind])

    async def _remove(self, user: str) -> None:
        """Its registration goes with its place."""
        for kind in reversed(KINDS):
            await self._forget(kind, user)
        log.info("phone_account_removed", phone=user)

    async def _forget(self, kind: str, user: str) -> None:
        try:
            await self._client.unconfigure(kind, user)
        except NotFound:
            return

    async def _is_ours(self, user: str) -> bool:
        tag = await self._tag_of(user)
        return tag is not None and self._is_tag(tag)

    def _is_tag(self, tag: str) -> bool:
        return tag.partition(":")[0] == self._application and tag.count(":") == 2

    async def _tag_of(self, user: str) -> str | None:
        try:
            return (await self._client.configured("endpoint", user)).get("callerid_tag", "")
        except NotFound:
            return None

    def _tag(self, account: PhoneAccount, made: Mapping[str, Mapping[str, str]]) -> str:
        """Whose, by which secret, and made of what."""
        return f"{self._application}:{self._mark(account.digest)}:{self._mark(json.dumps(made, sort_keys=True))}"

    def _mark(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:16]


def _objects(account: PhoneAccount, template: _Template) -> dict[str, dict[str, str]]:
    """What Asterisk is to have, by kind."""
    user = account.user
    place = {name: value for name, value in template.place.items() if value}
    endpoint = {name: value for name, value in template.endpoint.items() if value and name not in _NOT_COPIED}
    endpoint |= {"aors": user, "identify_by": "username", "callerid": f'"{account.name.translate(_IN_NAMES)}" <{user}>'}
    if template.at_edge:
        place["contact"] = place["contact"].replace(f"sip:{TEMPLATE}@", f"sip:{user}@", 1)
        return {"aor": place, "endpoint": endpoint}
    secret = {"auth_type": "digest", "username": user, "realm": REALM, "password_digest": f"MD5:{account.digest}"}
    return {"auth": secret, "aor": place, "endpoint": {**endpoint, "auth": user}}
