"""The stream of events (docs/events.md), for as long as somebody reads it: resumed where it broke off."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic import TypeAdapter, ValidationError

from ari_app.api.event_models import Event
from ari_app.client.problems import Problem, Unauthenticated, problem
from ari_app.client.transport import Pause, Transport

HEARTBEAT = 30.0
"""Seconds between two pings: a network that drops without a word closes nothing."""
SESSION_ENDED = 4001
BEGIN_ANEW = 1012
_EVENT: TypeAdapter[Any] = TypeAdapter(Event)


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """One of a newer server, as it came."""

    type: str
    seq: int
    data: dict[str, Any]


async def events(transport: Transport, query: dict[str, str]) -> AsyncGenerator[Event | UnknownEvent]:
    """Each event, in order; the first is a `Snapshot`. After a break the next ones are those that were missed, or,
    where these are not known any more, another `Snapshot`: then forget what there was.

    Raises:
        Unauthenticated: the session has ended.
        Problem: the server refuses the stream.
    """
    since: int | None = None
    pause = Pause()
    while True:
        params = query if since is None else {**query, "since": str(since)}
        try:
            async with transport.session.ws_connect(
                f"{transport.url}/v1/events",
                params=params,
                headers=transport.headers,
                heartbeat=HEARTBEAT,
                max_msg_size=0,
            ) as socket:
                pause.reset()
                async for message in socket:
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        continue
                    event = read(message.data)
                    since = event.seq
                    yield event
                code = socket.close_code
        except aiohttp.WSServerHandshakeError as error:
            if error.status < 500 and error.status != 429:
                raise _refused(error) from None
            code = None
        except (aiohttp.ClientError, TimeoutError):
            code = None
        if code == SESSION_ENDED:
            raise Unauthenticated(401, "unauthenticated", "the session has ended: log in again")
        if code == BEGIN_ANEW:
            since = None
        await asyncio.sleep(pause.next())


def read(text: str) -> Event | UnknownEvent:
    """An event out of a message. Raises: ValueError where it is none."""
    try:
        event: Event = _EVENT.validate_json(text, extra="ignore")
        return event
    except ValidationError:
        data = json.loads(text)
        return UnknownEvent(str(data.get("type")), int(data["seq"]), data)


def _refused(error: aiohttp.WSServerHandshakeError) -> Problem:
    if error.status == 401:
        return Unauthenticated(401, "unauthenticated", "log in")
    return problem(error.status, json.dumps({"code": "forbidden" if error.status == 403 else "invalid"}))
