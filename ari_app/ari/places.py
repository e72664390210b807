"""Where phones are that have registered with one account: several places (contacts) are several phones."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NotFound
from ari_app.calls.effects import CreateLeg
from ari_app.calls.model import Destination, LegId, Phone

_TRIES = 3


class Places:
    """Of several phones with one account the first is dialled; of the others `on_place(leg, place)` is called.

    Whose phone was alone the last time is dialled while that is looked at once more, not after it: if there are others
    now they ring all the same, and Asterisk takes the first by itself.
    """

    def __init__(
        self, client: AriClient, on_place: Callable[[LegId, str], None], endpoint: Callable[[str], str]
    ) -> None:
        self._client = client
        self._on_place = on_place
        self._endpoint = endpoint
        self._alone: set[str] = set()

    @asynccontextmanager
    async def first(self, effect: CreateLeg, legs: Iterable[LegId]) -> AsyncIterator[Destination]:
        """What is to be dialled in the block. A phone that is to answer by itself is one alone, whichever Asterisk
        takes. `legs`: see `_places`."""
        phone = effect.destination
        if not isinstance(phone, Phone) or phone.place is not None or effect.auto_answer:
            yield phone
        elif phone.user in self._alone:
            look = self._look(effect, phone, legs)
            # Sent before what is in the block is: so it is mostly known before the channel is there.
            looking = asyncio.Task(look, loop=asyncio.get_running_loop(), eager_start=True)
            try:
                yield phone
            finally:
                await looking  # not given up, which would take its lane away from others
        else:
            yield await self._look(effect, phone, legs)

    async def _look(self, effect: CreateLeg, phone: Phone, legs: Iterable[LegId]) -> Phone:
        places = await _places(self._client, self._endpoint(phone.user), legs)
        if len(places) == 1:
            self._alone.add(phone.user)
        else:
            self._alone.discard(phone.user)
        for place in places[1:]:
            self._on_place(effect.leg, place)
        return replace(phone, place=places[0]) if len(places) > 1 else phone


async def _places(client: AriClient, user: str, legs: Iterable[LegId]) -> list[str]:
    """The URIs of those that can be reached now; empty where that is not known.

    ARI lists no contacts, and Asterisk evaluates a function of the dialplan only for a channel: any of `legs` will do.
    """
    function = f"PJSIP_DIAL_CONTACTS({user})"
    for leg in islice(legs, _TRIES):
        try:
            answer = await client.call("channels", "getChannelVar", channelId=leg, variable=function)
        except NotFound:
            continue  # it has just gone
        except AriError:
            return []
        return [dialled.removeprefix(f"PJSIP/{user}/") for dialled in answer["value"].split("&") if dialled]
    return []
