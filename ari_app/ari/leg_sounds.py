"""What Asterisk itself lets a leg hear, as requests: music, ringing, silence; and that each ends when it is to.

A generator of the channel makes them, a piece every 20 ms. Where the leg is in a bridge, one thread makes the pieces
and another does what is requested. An end that is requested while a piece is made finds no generator, and then goes on
(channel.c: generator_force puts back what deactivate_generator_nolock has not seen); it was answered with success. So
it was with 3 ends of music of 973, and 2 of silence of 961, on a machine that did nothing else; with none of 744 out of
a bridge, where one thread does both. The caller was heard, and heard music for good.

A generator that takes the place of another one is never lost. So after such an end it rings, and rings no more: the
first piece of that would come after 20 ms, and the first voice from the bridge ends it in any case.
"""

from typing import assert_never

from ari_app.ari.client import AriClient
from ari_app.ari.joins import Joins
from ari_app.calls.effects import (
    LegSound,
    StartMusic,
    StartRinging,
    StartSilence,
    StopMusic,
    StopRinging,
    StopSilence,
    StopsSound,
)
from ari_app.calls.model import LegId


class LegSounds:
    """Carries these effects out."""

    def __init__(self, client: AriClient, joins: Joins) -> None:
        self._client = client
        self._joins = joins

    def may_be_lost(self, effect: StopsSound) -> bool:
        """Whether one request may not be enough: the leg is in a bridge. Ringing is ended by anybody who is there too,
        so it is about whoever is alone.
        """
        bridge = self._joins.bridge_of(effect.leg)
        if bridge is None:
            return False
        return not isinstance(effect, StopRinging) or self._joins.legs_in(bridge) == [effect.leg]

    async def perform(self, effect: LegSound) -> None:
        """Do it; returns when Asterisk has answered.

        Raises:
            AriError: Asterisk refused.
        """
        again = isinstance(effect, StopsSound) and self.may_be_lost(effect)
        match effect:
            case StartMusic(leg=leg, music_class=music_class):
                await self._channel(leg, "startMoh", mohClass=music_class)
            case StopMusic(leg=leg):
                await self._channel(leg, "stopMoh")
            case StartRinging(leg=leg):
                await self._channel(leg, "ring")
            case StopRinging(leg=leg):
                await self._channel(leg, "ringStop")
            case StartSilence(leg=leg):
                await self._channel(leg, "startSilence")
            case StopSilence(leg=leg):
                await self._channel(leg, "stopSilence")
            case _:
                assert_never(effect)
        if again:
            await self._channel(leg, "ring")
            await self._channel(leg, "ringStop")

    async def _channel(self, leg: LegId, operation: str, **arguments: object) -> None:
        await self._client.call("channels", operation, channelId=leg, **arguments)
