"""Runs a scenario: bots, steps in order, each as soon as its facts hold. Never sleeps."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.bots import phrases
from tests.bots.call_state import CallRefused
from tests.bots.carrier import Contact, Withholding
from tests.bots.desktop import ApiFailed, Desktop, at_path, same
from tests.bots.events import DeadlineMissed, Event
from tests.bots.lab import Lab, pairs
from tests.bots.phone import Phone
from tests.bots.phrases import Phrase
from tests.bots.registration import RegistrationFailed
from tests.bots.scenario import Expect, Request, Scenario, Step
from tests.bots.sip import Address
from tests.bots.sound import NOTHING, Sound
from tests.bots.station import Station
from tests.bots.timeline import HeardSince

SETTLING = 5.0
"""Seconds within which a controller must have let go of an agent's last call when a scenario ends."""

_EXPECTED_FAILURES = (
    AssertionError,
    RegistrationFailed,
    CallRefused,
    RuntimeError,
    LookupError,
    ValueError,
    OSError,
    TimeoutError,
    aiohttp.ClientError,
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a scenario runs against."""

    asterisk: Address
    bind: str
    carrier: Address
    api: str | None


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step: seconds from the scenario's begin, how long it took, and what went wrong, if anything."""

    label: str
    began: float
    took: float
    failure: str = ""


@dataclass(slots=True)
class Result:
    """What came of a scenario. `timelines` and `events` have times on the clock of `epoch`."""

    name: str
    file: str
    epoch: float = 0.0
    took: float = 0.0
    skipped: str = ""
    failure: str = ""
    steps: list[StepResult] = field(default_factory=list)
    timelines: dict[str, list[HeardSince]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether it ran, and all was as expected."""
        return not self.failure and not self.skipped


async def run(scenario: Scenario, file: str, target: Target) -> Result:
    """Run a scenario to its end or its first failure. A broken scenario is a result, not an exception."""
    result = Result(scenario.name, file)
    if scenario.needs_api and target.api is None:
        result.skipped = "it uses the controller's API: give --api"
        return result
    lab = Lab(target.asterisk, bind=target.bind, carrier=target.carrier, voices=scenario.voices)
    result.epoch = lab.board.epoch
    desktops: dict[str, Desktop] = {}
    try:
        async with lab:
            try:
                await _set_up(scenario, lab, desktops, target)
                for number, step in enumerate(scenario.steps, 1):
                    result.steps.append(outcome := await _step(step, number, lab, desktops))
                    if outcome.failure:
                        result.failure = f"step {number}: {outcome.failure}"
                        break
            finally:
                result.took = time.monotonic() - lab.board.epoch
                result.timelines = {name: list(bot.timeline.changes) for name, bot in lab.bots.items()}
                await _tear_down(lab, desktops)
    except _EXPECTED_FAILURES as error:
        result.failure = result.failure or f"{type(error).__name__}: {error}"
    result.events = list(lab.board.events)
    return result


async def _set_up(scenario: Scenario, lab: Lab, desktops: dict[str, Desktop], target: Target) -> None:
    for name, bot in scenario.bots.items():
        behaviour = phrases.behaviour(bot.when_called)
        station: Station
        if bot.phone is not None:
            station = await lab.phone(name, bot.phone, bot.secret, display=bot.display, behaviour=behaviour)
        else:
            station = await lab.contact(name, bot.contact or "", display=bot.display, behaviour=behaviour)
        station.auto_answer = bot.auto_answer
        station.keys_as_tones = bot.keys == "tones"
    for name, agent in scenario.agents.items():
        desktop = desktops[name] = Desktop(target.api or "", name, lab.board)
        await desktop.login(agent.password)
        if agent.state is not None:
            status, answer = await desktop.request("PUT", "/v1/me/state", {"state": agent.state})
            if status >= 300:
                raise ApiFailed(f"state {agent.state} of {name}: {status} {answer}")


async def _tear_down(lab: Lab, desktops: dict[str, Desktop]) -> None:
    for bot in lab.bots.values():
        bot.hangup()
    for desktop in desktops.values():
        try:
            await _released(desktop, lab)
        except DeadlineMissed as missed:
            lab.board.record(desktop.agent, "api", str(missed))
        await desktop.close(log_out=True)


async def _released(desktop: Desktop, lab: Lab) -> None:
    await lab.board.until(
        lambda: desktop.call is None or desktop.call.get("state") == "released",
        within=SETTLING,
        otherwise=lambda: f"{desktop.agent}'s call lives on: {desktop.call}",
    )


async def _step(step: Step, number: int, lab: Lab, desktops: dict[str, Desktop]) -> StepResult:
    begin = time.monotonic()
    lab.board.record("step", str(number), label := describe(step))
    failure = ""
    try:
        for fact in step.when:
            await _fact(phrases.read(fact, phrases.FACTS), lab, step.within)
        for action in step.do:
            await _act(phrases.read(action, phrases.ACTIONS), lab, step.within)
        if step.api is not None:
            await _request(step.api, desktops, step.within)
        if step.expect is not None:
            await _expect(step.expect, lab, desktops, step.within)
    except* _EXPECTED_FAILURES as errors:
        failure = "\n".join(_messages(errors))
    return StepResult(label, begin - lab.board.epoch, time.monotonic() - begin, failure)


def _messages(errors: BaseExceptionGroup[Any]) -> list[str]:
    found: list[str] = []
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            found += _messages(error)
        else:
            named = isinstance(error, DeadlineMissed | ApiFailed)
            found.append(str(error) if named else f"{type(error).__name__}: {error}")
    return found


def describe(step: Step) -> str:
    """A step in one line."""
    if step.note:
        return step.note
    parts = [f"when {fact}" for fact in step.when] + list(step.do)
    if step.api is not None:
        method, path = step.api.methods[0]
        parts.append(f"{step.api.agent}: {method} {path}")
    if step.expect is not None:
        said = step.expect.model_dump(exclude_defaults=True)
        parts.append("expect " + "; ".join(f"{name} {_said(value)}" for name, value in said.items()))
    return ", ".join(parts)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nobody"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(each)}" for key, each in value.items() if each is not None)
    return str(value)


async def _fact(phrase: Phrase, lab: Lab, within: float) -> None:
    bot = lab[phrase.bot]
    match phrase.form:
        case "rings":
            await bot.rings(within)
        case "stops ringing":
            await bot.stops_ringing(within)
        case "talks":
            await bot.talks(within)
        case "has hung up":
            await bot.ended(within=within)
        case "hears BOTS":
            await bot.hears(*phrase.bots, within=within)
        case "hears only BOTS":
            await bot.hears_only(*phrase.bots, within=within)
        case "hears nothing of BOTS":
            await bot.hears_nothing_of(*phrase.bots, within=within)
        case "hears nobody":
            await bot.hears_only(within=within)
        case "hears nothing":
            await bot.hears_nothing(within=within)
        case sound:
            await bot.hears_sound(Sound(sound.removeprefix("hears ")), within=within)


async def _act(phrase: Phrase, lab: Lab, within: float) -> None:
    bot = lab[phrase.bot]
    match phrase.form:
        case "dials NUMBER" | "dials NUMBER anonymously" | "dials NUMBER withholding WAY":
            _dial(bot, phrase)
        case "answers":
            await bot.answer(within)
        case "declines":
            await bot.decline(603, within)
        case "is busy":
            await bot.decline(486, within)
        case "hangs up":
            bot.hangup()
        case "loses its calls":
            bot.lose_calls()
        case "holds":
            await bot.hold()
        case "resumes":
            await bot.resume()
        case "sends DIGITS":
            await bot.send_dtmf(phrase.arguments["digits"])
        case "goes silent" | "speaks":
            bot.say(phrase.form == "speaks")
        case "transfers to NUMBER":
            await bot.transfer(phrase.arguments["number"])
        case "completes the transfer":
            await bot.transfer_attended()
        case _:
            await _plug(bot, phrase.form)


def _dial(bot: Station, phrase: Phrase) -> None:
    number, way = phrase.arguments["number"], phrase.arguments.get("way")
    withheld = next((each for each in Withholding if each.words == way), phrase.form.endswith("anonymously"))
    if isinstance(bot, Contact):
        bot.dial(number, withheld=withheld)
    elif isinstance(bot, Phone) and not withheld:
        bot.dial(number)
    else:
        raise ValueError(f"{bot.name} is a phone: only a contact can dial anonymously")


async def _plug(bot: Station, form: str) -> None:
    if not isinstance(bot, Phone):
        raise ValueError(f"{bot.name} {form}: only a phone can")
    match form:
        case "registers":
            await bot.register()
        case "unregisters":
            await bot.unregister()
        case "is plugged in":
            await bot.plug_in()
        case _:
            bot.unplug()


async def _request(request: Request, desktops: dict[str, Desktop], within: float) -> None:
    desktop = desktops[request.agent]
    method, path = request.methods[0]
    path = await desktop.fill(path, within)
    status, answer = await desktop.request(method, path, await _filled(desktop, request.body, within))
    code = answer.get("code") if isinstance(answer, dict) else None
    fits = status == request.status if request.status is not None else (status < 300) == (request.code is None)
    if not fits or (request.code is not None and code != request.code):
        raise ApiFailed(f"{method} {path}: {status} {answer}")
    for where, wanted in request.returns.items():
        if not same(at_path(answer, where), wanted):
            raise ApiFailed(f"{method} {path}: {where} is {at_path(answer, where)!r}, not {wanted!r}: {answer}")
    for name, where in request.save.items():
        desktop.saved[name] = str(at_path(answer, where))


async def _filled(desktop: Desktop, value: Any, within: float) -> Any:
    match value:
        case str():
            return await desktop.fill(value, within)
        case dict():
            return {key: await _filled(desktop, each, within) for key, each in value.items()}
        case list():
            return [await _filled(desktop, each, within) for each in value]
        case _:
            return value


async def _expect(expect: Expect, lab: Lab, desktops: dict[str, Desktop], within: float) -> None:
    async with asyncio.TaskGroup() as group:
        for check in _checks(expect, lab, desktops, within):
            group.create_task(check)
    for name, longest in expect.never_silent.items():
        lab[name].never_in_silence(longest)


def _checks(expect: Expect, lab: Lab, desktops: dict[str, Desktop], within: float) -> list[Any]:
    stable = expect.stable
    checks: list[Any] = []
    if expect.heard is not None:
        among = expect.among if expect.among is not None else list(lab.bots)
        checks.append(lab.exactly(pairs(*expect.heard), among=among, within=within, stable=stable))
    for names, sounds in (
        (expect.music, (Sound.MUSIC,)),
        (expect.speech, (Sound.SPEECH,)),
        (expect.ringing, (Sound.RINGING,)),
        (expect.silence, (*NOTHING, Sound.IDLE)),
    ):
        checks += [lab[name].hears_sound(*sounds, within=within, stable=stable) for name in names]
    checks += [lab[name].rings(within) for name in expect.rings]
    checks += [lab[name].stops_ringing(within) for name in expect.not_ringing]
    checks += [lab[name].talks(within) for name in expect.talks]
    checks += [lab[name].ended(within=within) for name in expect.ended]
    checks += [
        lab[name].displays(name=shown.name, number=shown.number, anonymous=shown.anonymous, within=within)
        for name, shown in expect.display.items()
    ]
    checks += [lab[name].receives_dtmf(digits, within) for name, digits in expect.dtmf.items()]
    checks += [_call_is(desktops[name], wanted, lab, within) for name, wanted in expect.call.items()]
    return checks


async def _call_is(desktop: Desktop, wanted: dict[str, Any], lab: Lab, within: float) -> None:
    def holds() -> bool:
        return all(same(at_path(desktop.call, where), value) for where, value in wanted.items())

    await lab.board.until(
        holds,
        within=within,
        otherwise=lambda: (
            f"{desktop.agent}'s call is not {_said(wanted)} within {within:g} s: {desktop.call}\n"
            f"{lab.board.recent({desktop.agent})}"
        ),
    )
