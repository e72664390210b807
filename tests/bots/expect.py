"""Waiting for what one bot shows, hears or does. Every wait has a deadline and fails with the story.

All of them look at facts when something happens; none of them sleeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.bots.call import Call
from tests.bots.call_state import CallState
from tests.bots.dialog import Display
from tests.bots.events import Board, DeadlineMissed
from tests.bots.sound import NOTHING, Sound
from tests.bots.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHIN = 5.0


class Expectations:
    """The waits of a bot."""

    timeline: Timeline
    calls: list[Call]
    digits: str

    def __init__(self, board: Board, name: str) -> None:
        self.board = board
        self.name = name
        self._digits_taken = 0

    async def until(
        self, holds: Callable[[], bool], what: str, *, within: float = WITHIN, stable: float = 0.0
    ) -> float:
        """Wait for any fact about this bot; returns since when it holds. Raises DeadlineMissed."""

        def story() -> str:
            return (
                f"{self.name} {what}: not within {within:g} s"
                f"{f' (stable for {stable:g} s)' if stable else ''}; it hears {self.timeline.now}, "
                f"calls: {', '.join(map(repr, self.calls[-3:])) or 'none'}\n{self.board.recent({self.name})}"
            )

        return await self.board.until(holds, within=within, stable=stable, otherwise=story)

    # -- calls ------------------------------------------------------------------------------------

    async def rings(self, within: float = WITHIN) -> Call:
        """A call rings at this phone; returns it."""
        await self.until(lambda: bool(self._in(CallState.RINGING)), "rings", within=within)
        return self._in(CallState.RINGING)[0]

    async def stops_ringing(self, within: float = WITHIN) -> None:
        """No call rings at this phone (any more)."""
        await self.until(lambda: not self._in(CallState.RINGING), "stops ringing", within=within)

    async def talks(self, within: float = WITHIN) -> Call:
        """A call of this phone is up; returns the newest such."""
        await self.until(lambda: bool(self._in(CallState.UP)), "has a call that is up", within=within)
        return self._in(CallState.UP)[-1]

    async def ended(self, call: Call | None = None, within: float = WITHIN) -> str:
        """That call (all calls, if None) has ended; returns the cause of the last."""
        wanted = [call] if call is not None else self.calls

        def over() -> bool:
            return all(each.state is CallState.ENDED for each in wanted)

        await self.until(over, "has ended its calls", within=within)
        return wanted[-1].cause if wanted else ""

    async def stays_up(self, during: float) -> None:
        """The calls that are up now are still up after `during` seconds; fails at once when one ends."""
        up = list(self._in(CallState.UP))
        if not up:
            raise DeadlineMissed(f"{self.name} has no call that is up\n{self.board.recent({self.name})}")
        await self.board.until(
            lambda: all(call.state is CallState.UP for call in up),
            within=0.0,
            stable=during,
            otherwise=lambda: f"a call of {self.name} ended\n{self.board.recent({self.name})}",
        )

    def _in(self, state: CallState) -> Sequence[Call]:
        return [call for call in self.calls if call.state is state]

    # -- display and keys -------------------------------------------------------------------------

    async def displays(
        self,
        *,
        name: str | None = None,
        number: str | None = None,
        anonymous: bool | None = None,
        within: float = WITHIN,
    ) -> Display:
        """The display of the newest call shows that; None doesn't matter. Returns all it shows."""

        def fits() -> bool:
            if not self.calls:
                return False
            shown = self._shown()
            return (
                (name is None or shown.name == name)
                and (number is None or shown.number == number)
                and (anonymous is None or shown.anonymous is anonymous)
            )

        wanted = "anonymous" if anonymous else f"{name or ''} {number or ''}".strip()
        await self.until(fits, f"displays {wanted}", within=within)
        return self._shown()

    def _shown(self) -> Display:
        live = [call for call in self.calls if call.state is not CallState.ENDED]
        return (live or self.calls)[-1].display

    async def receives_dtmf(self, digits: str, within: float = WITHIN) -> None:
        """Exactly those digits arrive next; what arrived before and was waited for doesn't count again."""

        def arrived() -> bool:
            return self.digits[self._digits_taken :].startswith(digits)

        await self.until(arrived, f"receives dtmf {digits} (so far {self.digits!r})", within=within)
        self._digits_taken += len(digits)

    # -- hearing ----------------------------------------------------------------------------------

    async def hears(self, *names: str, within: float = WITHIN, stable: float = 0.0) -> float:
        """Those bots are heard, all at once; others may be too. Returns since when."""
        wanted = frozenset(names)
        await self.until(
            lambda: wanted <= self.timeline.now.voices,
            f"hears {', '.join(names)}",
            within=within,
            stable=stable,
        )
        return self.timeline.now.at

    async def first_hears(self, name: str, *, after: float = 0.0, within: float = WITHIN) -> float:
        """The first frame at or after `after` in which that bot was heard, by the kernel's arrival time."""
        await self.until(lambda: self.timeline.first(name, after) is not None, f"first hears {name}", within=within)
        found = self.timeline.first(name, after)
        assert found is not None
        return found

    async def hears_only(self, *names: str, within: float = WITHIN, stable: float = 0.3) -> None:
        """Exactly those bots are heard, and that for `stable` seconds."""
        wanted = frozenset(names)
        await self.until(
            lambda: self.timeline.now.voices == wanted,
            f"hears exactly {', '.join(names) or 'nobody'}",
            within=within,
            stable=stable,
        )

    async def hears_sound(self, *sounds: Sound, within: float = WITHIN, stable: float = 0.0) -> float:
        """One of those classes of sound is what is heard. Returns since when."""
        await self.until(
            lambda: self.timeline.now.sound in sounds,
            f"hears {' or '.join(sounds)}",
            within=within,
            stable=stable,
        )
        return self.timeline.now.at

    async def hears_music(self, within: float = WITHIN, stable: float = 0.0) -> float:
        """Music and nobody. Returns the time of its first frame. Takes 0.6 s of music to tell."""
        return await self.hears_sound(Sound.MUSIC, within=within, stable=stable)

    async def hears_speech(self, within: float = WITHIN) -> float:
        """An announcement (speech that is no bot's). Returns the time of its first frame."""
        return await self.hears_sound(Sound.SPEECH, within=within)

    async def hears_ringing(self, within: float = WITHIN) -> float:
        """A ringing tone, in RTP or of the phone's own after 180. Returns since when."""
        return await self.hears_sound(Sound.RINGING, within=within)

    async def hears_nothing(self, within: float = WITHIN, stable: float = 0.3) -> None:
        """Nothing at all: silence, or no RTP, or no call."""
        await self.hears_sound(*NOTHING, Sound.IDLE, within=within, stable=stable)

    async def hears_nothing_of(self, *names: str, within: float = WITHIN, stable: float = 0.3) -> None:
        """None of those bots is heard, and that for `stable` seconds (of all bots, if none is named)."""
        unwanted = frozenset(names)
        await self.until(
            lambda: not self.timeline.now.voices & unwanted if unwanted else not self.timeline.now.voices,
            f"hears nothing of {', '.join(names) or 'anybody'}",
            within=within,
            stable=stable,
        )

    def heard_since(self, since: float) -> frozenset[str]:
        """Everybody heard since that time, however briefly: to show that nobody leaked."""
        return self.timeline.voices(since)

    def longest_nothing(self, since: float | None = None) -> float:
        """Seconds of the longest stretch in calls in which nothing at all was heard."""
        begin = self.timeline.changes[0].at if since is None else since
        return self.timeline.longest_nothing(begin)[0]

    def never_in_silence(self, longer_than: float = 2.0, since: float | None = None) -> None:
        """Fail if the bot was in silence for longer than that in a call. Raises DeadlineMissed."""
        begin = self.timeline.changes[0].at if since is None else since
        length, at = self.timeline.longest_nothing(begin, time.monotonic())
        if length > longer_than:
            raise DeadlineMissed(
                f"{self.name} heard nothing at all for {length:.2f} s from {at - self.board.epoch:.3f} on\n"
                f"{self.board.recent({self.name})}"
            )
