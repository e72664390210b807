"""One set of words for scenarios over FakeAsterisk and over the real Asterisk."""

import asyncio
import contextlib
import itertools
import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import urlsplit

from ari_app.ari.asterisk import Asterisk, AsteriskSettings
from ari_app.ari.failures import NotFound
from ari_app.ari.link import Pace
from ari_app.calls.effects import (
    AsteriskEffect,
    CreateBridge,
    CreateLeg,
    CreateSnoop,
    DestroyBridge,
    DialLeg,
    HangUp,
    JoinBridge,
    StartRecorder,
)
from ari_app.calls.model import Destination, Identity, LegId, Outside, Phone, TransferState
from ari_app.calls.stimuli import (
    AsteriskFact,
    AsteriskReconciled,
    EffectDone,
    EffectFailed,
    LegAnswered,
    LegCreated,
)
from ari_app.testing.asterisk import Behaviour, FakeAsterisk
from tests.bots import Behaviour as BotBehaviour
from tests.bots import Lab, Sound, answers, declines, is_busy, rings

DEADLINE = 10.0
PREFIX = "cctest-"
SHOWN = Identity("Nobody", "+33100000000")


class Bench(ABC):
    """Effects in, facts kept; all waits have a deadline."""

    def __init__(self) -> None:
        self.facts: list[AsteriskFact] = []
        self._numbers = itertools.count(1)
        self._phones = itertools.count(1)
        self._run = uuid.uuid4().hex[:8]
        self._names = itertools.count(1)
        self.bot_of: dict[LegId, str] = {}

    def number(self) -> int:
        """A fresh number for an effect."""
        return next(self._numbers)

    def new(self, kind: str) -> str:
        """A fresh id."""
        return f"{PREFIX}{kind}-{self._run}-{next(self._names)}"

    def of_leg(self, leg: LegId) -> list[AsteriskFact]:
        """The facts reported of a leg, in order."""
        return [fact for fact in self.facts if getattr(fact, "leg", None) == leg]

    @abstractmethod
    def execute(self, effect: AsteriskEffect) -> None: ...

    @abstractmethod
    async def person(self, name: str, behaviour: Behaviour) -> Destination: ...

    @abstractmethod
    async def _next_fact(self) -> None: ...

    @abstractmethod
    def unreachable(self, destination: Destination) -> None: ...

    @abstractmethod
    def hang_up(self, leg: LegId) -> None: ...

    @abstractmethod
    async def press_hold(self, leg: LegId) -> None: ...

    @abstractmethod
    async def press_retrieve(self, leg: LegId) -> None: ...

    @abstractmethod
    async def press_key(self, leg: LegId, digit: str) -> None: ...

    @abstractmethod
    def speak(self, leg: LegId, speaking: bool) -> None: ...

    @abstractmethod
    async def phone(self) -> Phone: ...

    @abstractmethod
    async def press_transfer(self, leg: LegId, number: str) -> None: ...

    @abstractmethod
    async def shows_transfer(self, leg: LegId, *states: TransferState) -> None: ...

    @abstractmethod
    async def hears(self, wanted: set[tuple[LegId, LegId]], *among: LegId) -> None: ...

    @abstractmethod
    async def hears_music(self, leg: LegId) -> None: ...

    @abstractmethod
    async def received(self, leg: LegId, digits: str) -> None: ...

    @abstractmethod
    async def lose_from_bridge(self, leg: LegId, bridge: str) -> None: ...

    @abstractmethod
    async def lose_link(self) -> None: ...

    @abstractmethod
    async def restore_link(self) -> None: ...

    async def reported(self, fact: AsteriskFact) -> AsteriskFact:
        """Wait for exactly that fact (it may have been reported before)."""
        while fact not in self.facts:
            await self._or_story(f"{fact}")
        return fact

    async def reported_of[F: AsteriskFact](self, kind: type[F]) -> F:
        """Wait for the newest fact of a kind."""
        while not any(isinstance(fact, kind) for fact in self.facts):
            await self._or_story(kind.__name__)
        return next(fact for fact in reversed(self.facts) if isinstance(fact, kind))

    async def _or_story(self, wanted: str) -> None:
        try:
            await self._next_fact()
        except TimeoutError:
            story = "\n".join(map(str, self.facts[-30:]))
            raise AssertionError(f"not reported: {wanted}\n{story}") from None

    async def result(self, effect: AsteriskEffect) -> EffectDone | EffectFailed:
        """Execute, and wait until Asterisk has answered."""
        self.execute(effect)
        while True:
            for fact in self.facts:
                if isinstance(fact, EffectDone | EffectFailed) and fact.effect == effect.number:
                    return fact
            await self._or_story(f"the end of {effect}")

    async def done(self, effect: AsteriskEffect) -> None:
        """Execute, and see it done."""
        result = await self.result(effect)
        assert isinstance(result, EffectDone), (effect, result)

    async def failed(self, effect: AsteriskEffect) -> EffectFailed:
        """Execute, and see it fail."""
        result = await self.result(effect)
        assert isinstance(result, EffectFailed), (effect, result)
        return result

    async def finds_gone(self, of: Callable[[int], AsteriskEffect]) -> None:
        """See an effect fail as its leg is gone. For a moment after it has reported that, Asterisk still takes what is
        requested of it, and does nothing: so it is requested until then.
        """
        async with asyncio.timeout(DEADLINE):
            while isinstance(result := await self.result(of(self.number())), EffectDone):
                pass
        assert result.gone, result

    async def dial(self, destination: Destination, identity: Identity = SHOWN, *, transfer_key: bool = False) -> LegId:
        """A new leg, dialled."""
        leg = self.new("leg")
        self.bot_of[leg] = destination.number if isinstance(destination, Outside) else "phone"
        await self.done(CreateLeg(self.number(), leg, destination, identity, "call", transfer_key=transfer_key))
        await self.reported(LegCreated(leg))
        await self.done(DialLeg(self.number(), leg))
        return leg

    async def conversation(self) -> tuple[LegId, LegId, str]:
        """Two legs up in a bridge."""
        bridge = self.new("b")
        await self.done(CreateBridge(self.number(), bridge))
        legs = []
        for name in ("a", "b"):
            leg = await self.dial(await self.person(name, Behaviour.ANSWER))
            await self.reported(LegAnswered(leg))
            await self.done(JoinBridge(self.number(), leg, bridge))
            legs.append(leg)
        return legs[0], legs[1], bridge


class FakeBench(Bench):
    """Over FakeAsterisk: facts come as fast as they are requested."""

    def __init__(self) -> None:
        super().__init__()
        self.asterisk = FakeAsterisk(PREFIX)

    def execute(self, effect: AsteriskEffect) -> None:
        self.asterisk.execute(effect)

    async def person(self, name: str, behaviour: Behaviour) -> Destination:
        destination = Outside(f"{name}{next(self._phones)}", "carrier")
        self.asterisk.behaviour[destination] = behaviour
        return destination

    async def _next_fact(self) -> None:
        fact = self.asterisk.deliver_next()
        if fact is None:
            raise TimeoutError
        self.facts.append(fact)

    def unreachable(self, destination: Destination) -> None:
        self.asterisk.behaviour[destination] = Behaviour.UNREACHABLE

    def hang_up(self, leg: LegId) -> None:
        self.asterisk.hang_up(leg)

    async def press_hold(self, leg: LegId) -> None:
        self.asterisk.press_hold(leg)

    async def press_retrieve(self, leg: LegId) -> None:
        self.asterisk.press_retrieve(leg)

    async def press_key(self, leg: LegId, digit: str) -> None:
        self.asterisk.press_key(leg, digit)

    def speak(self, leg: LegId, speaking: bool) -> None:
        self.asterisk.talk(leg, speaking)

    async def phone(self) -> Phone:
        return Phone("1001")

    async def press_transfer(self, leg: LegId, number: str) -> None:
        self.asterisk.press_transfer(leg, number)

    async def shows_transfer(self, leg: LegId, *states: TransferState) -> None:
        assert tuple(self.asterisk.world.channels[leg].transfers) == states

    async def hears(self, wanted: set[tuple[LegId, LegId]], *among: LegId) -> None:
        speak = {leg for leg in among if (there := self.asterisk.world.channels.get(leg)) and there.speaking}
        assert {(a, b) for a, b in self.asterisk.hears() if a in among and b in speak} == wanted

    async def hears_music(self, leg: LegId) -> None:
        assert leg in self.asterisk.music()

    async def received(self, leg: LegId, digits: str) -> None:
        assert self.asterisk.world.channels[leg].digits == digits

    async def lose_from_bridge(self, leg: LegId, bridge: str) -> None:
        self.asterisk.lose_from_bridge(leg)

    async def lose_link(self) -> None:
        self.asterisk.lose_link()

    async def restore_link(self) -> None:
        self.asterisk.restore_link()


class RealBench(Bench):
    """Over the real Asterisk, with bots for people."""

    BEHAVIOURS: ClassVar[dict[Behaviour, BotBehaviour]] = {
        Behaviour.ANSWER: answers(0.02),
        Behaviour.DECLINE: declines(0.05),
        Behaviour.BUSY: is_busy(),
        Behaviour.NO_ANSWER: BotBehaviour("reject", 0.05, 480),
        Behaviour.RING: rings(),
    }
    SHOWN: ClassVar[dict[TransferState, int]] = {
        TransferState.RINGING: 100,
        TransferState.ANSWERED: 200,
        TransferState.DECLINED: 603,
        TransferState.UNAVAILABLE: 503,
    }

    def __init__(self, settings: AsteriskSettings, lab: Lab) -> None:
        super().__init__()
        self.lab = lab
        self.settings = settings
        self.fenced = asyncio.Event()
        self._news = asyncio.Event()
        self._legs: set[LegId] = set()
        self._bridges: set[str] = set()
        self._recordings: set[str] = set()
        self.asterisk = Asterisk(settings, self._fact, self.fenced.set)

    def _fact(self, fact: AsteriskFact) -> None:
        self.facts.append(fact)
        self._news.set()

    def execute(self, effect: AsteriskEffect) -> None:
        if isinstance(effect, CreateLeg | CreateSnoop):
            self._legs.add(effect.leg)
        if isinstance(effect, CreateBridge):
            self._bridges.add(effect.bridge)
        if isinstance(effect, StartRecorder):
            self._recordings.add(effect.recording)
        self.asterisk.execute(effect)

    async def person(self, name: str, behaviour: Behaviour) -> Destination:
        number = f"+33900{next(self._phones):06d}"
        await self.lab.contact(number, number, display=name, behaviour=self.BEHAVIOURS[behaviour])
        return Outside(number, "carrier")

    async def _next_fact(self) -> None:
        self._news.clear()
        async with asyncio.timeout(DEADLINE):
            await self._news.wait()

    def unreachable(self, destination: Destination) -> None:
        pass  # it isn't in pjsip.conf

    def hang_up(self, leg: LegId) -> None:
        self.lab[self.bot_of[leg]].hangup()

    async def press_hold(self, leg: LegId) -> None:
        await self.lab[self.bot_of[leg]].hold()

    async def press_retrieve(self, leg: LegId) -> None:
        await self.lab[self.bot_of[leg]].resume()

    async def press_key(self, leg: LegId, digit: str) -> None:
        await self.lab[self.bot_of[leg]].send_dtmf(digit)

    def speak(self, leg: LegId, speaking: bool) -> None:
        self.lab[self.bot_of[leg]].say(speaking)

    async def phone(self) -> Phone:
        """An agent's phone, which answers."""
        await self.lab.phone("phone", "1001", "phone-1001", behaviour=answers(0.02))
        return Phone("1001")

    async def press_transfer(self, leg: LegId, number: str) -> None:
        transfer = await self.lab[self.bot_of[leg]].transfer(number)
        assert transfer.accepted == 202

    async def shows_transfer(self, leg: LegId, *states: TransferState) -> None:
        bot = self.lab[self.bot_of[leg]]
        transfer = bot.calls[-1].transfer
        assert transfer is not None
        # Asterisk says 100 once before whatever comes first.
        wanted = [100] * (TransferState.RINGING not in states) + [self.SHOWN[state] for state in states]
        await bot.until(lambda: transfer.progress == wanted, f"shows {wanted}", within=DEADLINE)

    async def hears(self, wanted: set[tuple[LegId, LegId]], *among: LegId) -> None:
        pairs = {(self.bot_of[a], self.bot_of[b]) for a, b in wanted}
        await self.lab.exactly(pairs, among=[self.bot_of[leg] for leg in among])

    async def hears_music(self, leg: LegId) -> None:
        await self.lab[self.bot_of[leg]].hears_sound(Sound.MUSIC)

    async def received(self, leg: LegId, digits: str) -> None:
        bot = self.lab[self.bot_of[leg]]
        await bot.receives_dtmf(digits)
        assert bot.digits == digits

    async def lose_from_bridge(self, leg: LegId, bridge: str) -> None:
        await self.asterisk.client.call("bridges", "removeChannel", bridgeId=bridge, channel=leg)

    async def lose_link(self) -> None:
        await self.asterisk._link.stop()

    async def restore_link(self) -> None:
        self.asterisk.start()

    async def open(self) -> None:
        """Connect."""
        self.asterisk.start()
        await self.reported_of(AsteriskReconciled)

    async def close(self) -> None:
        """Leave nothing in Asterisk."""
        for leg in self._legs:
            await self.asterisk._requests.perform(HangUp(0, leg))
        for bridge in self._bridges:
            await self.asterisk._requests.perform(DestroyBridge(0, bridge))
        for recording in self._recordings:
            with contextlib.suppress(NotFound):
                await self.asterisk.client.call("recordings", "deleteStored", recordingName=recording)
        await self.asterisk.stop()


def real_settings() -> AsteriskSettings:
    """Where the real Asterisk is, with an application of this test's own."""
    missing = [name for name in ("CC_ARI_URL", "CC_ARI_USER", "CC_ARI_PASSWORD") if name not in os.environ]
    if missing:
        raise AssertionError(f"these tests need an Asterisk: set {', '.join(missing)}")
    return AsteriskSettings(
        url=os.environ["CC_ARI_URL"],
        user=os.environ["CC_ARI_USER"],
        password=os.environ["CC_ARI_PASSWORD"],
        application=f"test-{uuid.uuid4().hex[:12]}",
        bridge_prefix=PREFIX,
        pace=Pace(first_delay=0.02, last_delay=0.2, proof_every=0.5),
        lanes=int(os.environ.get("CC_ARI_LANES", "4")),
    )


def real_lab() -> Lab:
    """Bots beside it."""
    host = urlsplit(os.environ["CC_ARI_URL"]).hostname or "127.0.0.1"
    carrier, _, port = os.environ["CC_CARRIER"].rpartition(":")
    sip_port = int(os.environ.get("CC_AST_SIP_PORT", "5060"))
    return Lab((host, sip_port), bind=os.environ["CC_BIND"], carrier=(carrier, int(port)))
