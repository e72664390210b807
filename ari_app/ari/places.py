"""Where phones are that have registered with one account: several places (contacts) are several phones."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NotFound
from ari_app.calls.effects import CreateLeg
from ari_app.calls.model import Destination, LegId, Phone

_TRIES = 3


async def first_place(
    client: AriClient,
    effect: CreateLeg,
    legs: Iterable[LegId],
    on_place: Callable[[LegId, str], None],
    endpoint: Callable[[str], str] = lambda user: user,
) -> Destination:
    """What is dialled: of several phones with one account the first; of the others `on_place(leg, place)` is called. A
    phone that is to answer by itself is one alone, whichever Asterisk takes. `legs`: see `_places`.
    """
    phone = effect.destination
    if not isinstance(phone, Phone) or phone.place is not None or effect.auto_answer:
        return phone
    places = await _places(client, endpoint(phone.user), legs)
    for place in places[1:]:
        on_place(effect.leg, place)
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
