"""A bot: somebody at a phone, with a tone, a behaviour, calls and an ear.

`Phone` is one with a socket and a registration of its own; `Contact` is one behind the carrier.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Literal

from aiosipua import SipDigestAuth, generate_tag

from tests.bots import tones
from tests.bots.behaviour import Behaviour
from tests.bots.call import Call
from tests.bots.call_state import CallState
from tests.bots.dialog import Dialog, Display, quoted, wants_auto_answer
from tests.bots.expect import Expectations
from tests.bots.line import Line
from tests.bots.sip import Address, ServerTransaction
from tests.bots.sound import Sound
from tests.bots.studio import Studio
from tests.bots.timeline import Timeline
from tests.bots.transfer import Transfer, attended, blind

_LOUDEST = (Sound.VOICES, Sound.SPEECH, Sound.MUSIC, Sound.SOUND, Sound.RINGING, Sound.SILENCE, Sound.NO_RTP)


class Station(Expectations):
    """Everything a phone can do, and what its person hears. Made by `Lab.phone` and `Lab.contact`."""

    def __init__(self, studio: Studio, name: str, line: Line, user: str, display: str, behaviour: Behaviour) -> None:
        super().__init__(studio.board, name)
        self.studio = studio
        self.line = line
        self.user = user
        self.display_name = display
        self.behaviour = behaviour
        self.auto_answer = True
        self.keys_as_tones = False
        """Of calls from now on: keys are tones in the audio, both ways, and telephone-event is not offered."""
        self.auth: SipDigestAuth | None = None
        self.clock = studio.clock
        self.level = studio.level
        self.tone = studio.tone_for(name)
        self.timeline = Timeline()
        self.calls: list[Call] = []
        self.digits = ""
        self.tape: bytearray | None = None
        """All PCMU that is received from now on, if it is a tape: what `recital` looks through."""
        self.on_frame: Callable[[float, bytes], None] | None = None
        """Called with each frame of PCMU that is received, and its monotonic time."""
        self._payload = tones.payload(self.tone, studio.level)
        self._speaking = True
        self._numbered = 0
        self._timers: set[asyncio.TimerHandle] = set()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self.user} hears {self.timeline.now}>"

    # -- the voice --------------------------------------------------------------------------------

    @property
    def voice(self) -> bytes:
        """The RTP payload this bot sends now."""
        return self._payload if self._speaking else tones.SILENCE

    def say(self, speaking: bool) -> None:
        """Speak (the bot's tone) or go silent (RTP goes on), from the next frame on."""
        self._speaking = speaking
        self.note("speaks" if speaking else "goes silent")
        for call in self.calls:
            if call.state is not CallState.ENDED:
                call.audio.speak()

    # -- calls ------------------------------------------------------------------------------------

    @property
    def live(self) -> list[Call]:
        """Calls that have not ended, oldest first."""
        return [call for call in self.calls if call.state is not CallState.ENDED]

    @property
    def call(self) -> Call:
        """The newest call that lives, else the newest. Raises LookupError without any."""
        if not self.calls:
            raise LookupError(f"{self.name} has had no call")
        return (self.live or self.calls)[-1]

    @property
    def ringing(self) -> Call | None:
        """The oldest call that rings here."""
        return next((call for call in self.calls if call.state is CallState.RINGING), None)

    def _number(self) -> str:
        self._numbered += 1
        return f"{self.name}.{self._numbered}"

    def local_uri(self) -> str:
        """Our address in a From header. A contact overrides what stands before it."""
        host, port = self.line.agent.address
        name = f"{quoted(self.display_name)} " if self.display_name else ""
        return f"{name}<sip:{self.user}@{host}:{port}>"

    def call_uri(self, uri: str, peer: Address, headers: Mapping[str, str] | None = None) -> Call:
        """Call a whole SIP URI through `peer`; returns at once, see the call's state and stamps."""
        dialog = Dialog.outgoing(self.line.agent, self.user, self.local_uri(), uri, peer)
        dialog.auth = self.auth
        call = Call(self, self._number(), dialog, "out")
        self.calls.append(call)
        call.start(dict(headers or {}))
        self.listen_again()
        return call

    def invited(self, transaction: ServerTransaction) -> None:
        """An INVITE for this bot: do as its behaviour says."""
        behaviour = self.behaviour
        if behaviour.action == "ignore":
            return
        dialog = Dialog.incoming(self.line.agent, self.user, transaction.request, transaction.tag, transaction.source)
        dialog.auth = self.auth
        call = Call(self, self._number(), dialog, "in")
        self.calls.append(call)
        call.arrive(transaction)
        replaced = self._replaced(transaction)
        if replaced is not None:
            call.answer()
            replaced.hangup()
        elif self.auto_answer and wants_auto_answer(transaction.request):
            self.note("answers by itself", call=call.name)
            call.answer()
        elif behaviour.action == "reject":
            if behaviour.after > 0:
                call.ring()
            self._later(behaviour.after, call, lambda: call.reject(behaviour.status, forward=behaviour.forward))
        else:
            call.ring(behaviour.progress)
            if behaviour.action == "answer":
                self._later(behaviour.after, call, lambda: self._pick_up(call, transaction))

    def _pick_up(self, call: Call, transaction: ServerTransaction) -> None:
        call.answer()
        if self.behaviour.habit == "answers twice":
            dialog = Dialog.incoming(
                self.line.agent, self.user, transaction.request, generate_tag(), transaction.source
            )
            other = Call(self, self._number(), dialog, "in")
            self.calls.append(other)
            other.arrive(transaction)
            other.answer()

    def _replaced(self, transaction: ServerTransaction) -> Call | None:
        wanted = transaction.request.get_header("replaces")
        if wanted is None:
            return None
        call_id, _, rest = wanted.partition(";")
        tags = dict(part.strip().partition("=")[::2] for part in rest.split(";"))
        call = self.line.calls.get((call_id.strip(), tags.get("to-tag", "")))
        return call if call is not None and call.state is CallState.UP else None

    def _later(self, after: float, call: Call, act: object) -> None:
        assert callable(act)
        if after <= 0:
            act()
            return

        def due() -> None:
            if call.state is CallState.RINGING:
                act()

        self._timers.add(asyncio.get_running_loop().call_later(after, due))

    async def answer(self, within: float = 5.0) -> Call:
        """Answer what rings here (waiting for it to ring). The 200's time is `call.stamps["200 sent"]`."""
        call = await self.rings(within)
        call.answer()
        return call

    async def decline(self, status: int = 603, within: float = 5.0) -> Call:
        """Refuse what rings here (waiting for it to ring): 603, or 486 for the busy key."""
        call = await self.rings(within)
        call.reject(status)
        return call

    def hangup(self) -> None:
        """End every call of this phone."""
        for call in self.live:
            call.hangup()

    def lose_calls(self) -> None:
        """Forget every call without a word to its other side; the phone itself is there and registered."""
        for call in self.live:
            call.lose()

    async def hold(self, direction: Literal["sendonly", "inactive"] = "sendonly") -> None:
        """The hold key, on the newest call."""
        await self.call.hold(direction)

    async def resume(self) -> None:
        """The hold key again, on the newest call that this phone holds."""
        held = [call for call in self.live if call.on_hold]
        if not held:
            raise RuntimeError(f"{self.name} holds no call")
        await held[-1].resume()

    async def transfer(self, target: str, *, call: Call | None = None, refer_sub: bool = True) -> Transfer:
        """The transfer key, blind, on that call, else the newest: to a number or a `sip:` URI."""
        return await blind(call or self.call, target, refer_sub=refer_sub)

    async def transfer_attended(
        self, first: Call | None = None, second: Call | None = None, *, refer_sub: bool = True
    ) -> Transfer:
        """The transfer key with two calls: connect their other sides; those of the oldest and the newest, unless named.

        It is pressed in the first, which names the second.
        """
        live = self.live
        if len(live) < 2:
            raise RuntimeError(f"{self.name} has {len(live)} calls, an attended transfer takes two")
        return await attended(first or live[0], second or live[-1], refer_sub=refer_sub)

    async def send_dtmf(self, digits: str) -> None:
        """Press keys in the newest call."""
        await self.call.send_dtmf(digits)

    # -- called by the calls ----------------------------------------------------------------------

    def note(self, kind: str, text: str = "", *, call: str = "", at: float | None = None) -> None:
        """Write into the lab's log."""
        self.board.record(self.name, kind, text, call=call, at=at)

    def digit(self, at: float, key: str, call: str) -> None:
        """A DTMF key was received."""
        self.digits += key
        self.note("receives dtmf", key, call=call, at=at)

    def heard(self, at: float, voices: frozenset[int], sound: Sound) -> None:
        """One of our ears reports a change."""
        self._listen(at)

    def listen_again(self) -> None:
        """A call's state changed, and with it what the person hears."""
        self._listen(time.monotonic())

    def call_ended(self, call: Call) -> None:
        """One of our calls is over."""
        # Late BYEs and repeats of the 200 still find it: the line forgets it with the transaction's time.
        asyncio.get_running_loop().call_later(32, self.line.calls.pop, call.dialog.key, None)
        self.listen_again()

    def _listen(self, at: float) -> None:
        parts = [part for call in self.calls if (part := call.hears()) is not None]
        voices = self.studio.names(frozenset().union(*(heard for heard, _ in parts)))
        sounds = {sound for _, sound in parts}
        sound = next((each for each in _LOUDEST if each in sounds), Sound.IDLE)
        if self.timeline.add(at, voices, sound):
            self.note("hears", str(self.timeline.now), at=at)
        else:
            self.board.changed()

    def close(self) -> None:
        """Hang up and forget; no other side is waited for."""
        for timer in self._timers:
            timer.cancel()
        self.hangup()

    @property
    def display(self) -> Display:
        """What the newest call's display shows."""
        return self.call.display if self.calls else Display()
