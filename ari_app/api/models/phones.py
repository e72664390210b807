"""Bodies about the phones of an agent."""

from typing import Annotated

from pydantic import Field

from ari_app.api.models.agents import PhoneState
from ari_app.api.models.common import Answer, Device, Request


class NewDevice(Request):
    """Which phone is to ring from now on."""

    device: Device


class IceServerDocument(Answer):
    """As `RTCPeerConnection` takes it."""

    urls: list[str]
    username: str
    credential: str


class DeviceDocument(Answer):
    """One of an agent's phones. `state` is null while that is not known."""

    device: Device
    number: str
    state: PhoneState | None


class PhoneDocument(Answer):
    """An agent's phones, as every window of theirs may know. `device`: the one that rings.

    `held_by`: the session whose page has the phone in the page now; null: none.
    """

    device: Device
    devices: list[DeviceDocument]
    held_by: str | None


class MyPhone(PhoneDocument):
    """What a phone in the page needs. `session` is what `held_by` calls the session that asks.

    `path` is a WebSocket on this origin (subprotocol `sip`), opened with a ticket; who opens it takes the phone over.
    From then on `user` and `password` are right, until it closes. Null where there is no phone in the page. Ask again
    before each connection: the secret ends with the session, and with the controller.
    """

    session: str
    path: str | None = None
    uri: str | None = None
    user: str | None = None
    password: Annotated[str | None, Field(json_schema_extra={"format": "password"})] = None
    ice_servers: list[IceServerDocument] = Field([])
