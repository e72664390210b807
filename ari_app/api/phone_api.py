"""The agent's phones: which one rings, and what the one in the page needs."""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from ari_app.api.authentication import Session
from ari_app.api.models.agents import PhoneState
from ari_app.api.models.common import Device
from ari_app.api.models.phones import DeviceDocument, IceServerDocument, MyPhone, NewDevice, PhoneDocument
from ari_app.api.port import Control, Phones
from ari_app.api.routes import Exchange, Route
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Agent

PATH = "/phone"
DOMAIN = "call-control.invalid"
"""Of the SIP address in the page: it is looked up nowhere."""


class PageSecrets:
    """Secrets of phones in the page: each session's own, as long as this process lives; kept nowhere."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def password(self, session: Session) -> str:
        """The SIP secret of this session."""
        return hmac.new(self._key, session.digest.encode(), hashlib.sha256).hexdigest()


def name_of(digest: str) -> str:
    """What a session is called before others of the same agent: tells nothing of its token."""
    return hashlib.sha256(f"session {digest}".encode()).hexdigest()[:16]


def phone_of(session: Session, control: Control) -> str:
    """The SIP user of whoever asks.

    Raises:
        Refused: `not_allowed_now` for somebody without a phone; `feature_disabled` where there is none in the page.
    """
    if session.agent.phone is None:
        raise Refused(Code.NOT_ALLOWED_NOW, "you have no phone: the configuration gives you none")
    if not control.directory().settings.page_phone.enabled:
        raise Refused(Code.FEATURE_DISABLED, "there are no phones in the page here (settings.page_phone)")
    return session.agent.phone


class PhoneApi:
    """Operations on the phones of the agent who asks. `holder(agent)`: the session whose page has the phone now."""

    def __init__(
        self, control: Control, phones: Phones, secrets_: PageSecrets, holder: Callable[[str], str | None]
    ) -> None:
        self._control = control
        self._phones = phones
        self._secrets = secrets_
        self._holder = holder

    async def get(self, exchange: Exchange) -> MyPhone:
        """Raises: Refused `not_allowed_now` for somebody without a phone."""
        session = exchange.session
        agent = session.agent
        settings = self._control.directory().settings.page_phone
        document = self.document(agent)
        if not settings.enabled or agent.phone is None:
            return MyPhone(**dict(document), session=name_of(session.digest))
        user = self._phones.account(agent.phone)
        return MyPhone(
            **dict(document),
            session=name_of(session.digest),
            path=PATH,
            uri=f"sip:{user}@{DOMAIN}",
            user=user,
            password=self._secrets.password(session),
            ice_servers=[
                IceServerDocument(urls=list(i.urls), username=i.username, credential=i.credential)
                for i in settings.ice_servers
            ],
        )

    async def choose(self, exchange: Exchange) -> MyPhone:
        """Raises: Refused `not_allowed_now`, `feature_disabled`; StoreUnavailable."""
        body: NewDevice = exchange.body
        phone = exchange.session.agent.phone
        if body.device == "page" or phone is None:
            phone = phone_of(exchange.session, self._control)
        await self._phones.choose(phone, body.device)
        return await self.get(exchange)

    def document(self, agent: Agent) -> PhoneDocument:
        """What every window of the agent may know.

        Raises:
            Refused: `not_allowed_now` for somebody without a phone.
        """
        if agent.phone is None:
            raise Refused(Code.NOT_ALLOWED_NOW, "you have no phone: the configuration gives you none")
        kinds: list[Device] = ["desk"]
        if self._control.directory().settings.page_phone.enabled:
            kinds.append("page")
        devices = [DeviceDocument(device=d, number=agent.phone, state=self._state(agent.phone, d)) for d in kinds]
        return PhoneDocument(
            device="page" if self._phones.device(agent.phone) == "page" else "desk",
            devices=devices,
            held_by=self._holder(agent.id),
        )

    def _state(self, phone: str, device: Device) -> PhoneState | None:
        if self._phones.in_use(phone, device):
            return "in_use"
        match self._phones.can_ring(phone, device):
            case None:
                return None
            case True:
                return "reachable"
            case False:
                return "unreachable"

    def routes(self) -> list[Route]:
        """The operations of this class."""
        codes = (Code.NOT_ALLOWED_NOW, Code.FEATURE_DISABLED)
        return [
            Route(
                "GET", "/v1/me/phone", "get_my_phone", "My phones, and what the one in the page needs", "agent",
                self.get, MyPhone, codes=codes,
            ),
            Route(
                "PUT", "/v1/me/phone", "choose_phone", "Choose which of my phones rings", "agent",
                self.choose, MyPhone, request=NewDevice, codes=codes,
            ),
        ]  # fmt: skip
