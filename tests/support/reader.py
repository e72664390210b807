"""Events of Asterisk, whatever is in them, through all that reads them into the machine: nothing may come out of it.

Asterisk does whatever it is requested, at once; what it tells of it is a matter of the events.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from pydantic_core import to_json

from ari_app.ari.events import Translator
from ari_app.ari.in_use import PhonesInUse, Timer
from ari_app.ari.messages import USED
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.discretion import of_call
from ari_app.calls.switch import Switch
from ari_app.calls.views import view
from ari_app.engine import storyfile
from tests.support.agents import Agents
from tests.support.callcentre import directory
from tests.support.rubbish import STRANGE, anything, spoilt, texts
from tests.support.wellformed import CALL, LEG
from tests.unit.ari.telling import APP, channel, dial, event, start

type Json = Mapping[str, Any]

NUMBER = "+33612345678"
_AGENTS = ("alice", "bob", "carol", "dave")


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            yield from _texts([*value, *value.values()])


class _Never(Timer):
    def cancel(self) -> None: ...


class Reader:
    """A call centre that reads events."""

    def __init__(self) -> None:
        self.directory = directory()
        self.switch = Switch(self.directory, "cc-1")
        self.agents = Agents(self.directory, list(_AGENTS))
        self.translator = Translator(APP)
        self.in_use: dict[str, bool] = {}
        self.late: list[Callable[[], None]] = []
        self.phones = PhonesInUse("cc-", self.translator.has, self.in_use.__setitem__, self._later, self._emergency)
        self.faults: list[str] = []
        self.emergencies: list[tuple[str, str]] = []
        self.now = 1_000_000.0
        self._inbox: deque[s.Stimulus] = deque([s.AsteriskReconciled((), ())])
        self._turn()

    def read(self, reported: Any) -> None:
        """One event; all that follows, and what is kept and shown then. aioari drops what has no type."""
        if not isinstance(reported, dict) or "type" not in reported:
            return
        self._inbox.extend(self.translator.facts(reported))
        self.phones.event(reported)
        while self.late:
            self.late.pop()()
        self.now += 0.2
        self._inbox.append(s.TimePassed())
        self._turn()

    def legs(self) -> list[str]:
        """Those that there are."""
        return list(self.switch.legs)

    def shown(self) -> str:
        """All that people see of calls; stories can be written down too."""
        seen = []
        for call in self.switch.calls.values():
            seen += [to_json(view(call, agent, self.directory)) for agent in (*_AGENTS, "erin")]
            storyfile.write(call.id, self.switch.stories.of(call.id) or ()).encode()
        return "".join(_texts([json.loads(each) for each in seen]))

    def serves_the_next(self) -> bool:
        """Whether somebody who calls now is in a call."""
        self.read(start("next", "group", "support", caller={"name": "Next", "number": NUMBER}))
        return any("next" in {p.leg for p in call.parties.values()} for call in self.switch.calls.values())

    def _turn(self) -> None:
        while self._inbox:
            for effect in self.switch.handle(self._inbox.popleft(), self.now):
                self._do(effect)

    def _do(self, effect: e.Effect) -> None:
        match effect:
            case e.CreateLeg(leg=leg) | e.CreateSnoop(leg=leg):
                self.translator.expect(leg)
                self._inbox.append(s.EffectDone(effect.number))
            case e.OnAsterisk():
                self._inbox.append(s.EffectDone(effect.number))
            case e.OnAgents():
                self._inbox.extend(self.agents.do(effect))
            case e.ReportFault(call, what):
                self.faults.append(f"{call}: {what}")
            case e.CallChanged(_, call):
                CALL.dump_json(call)
                CALL.dump_json(of_call(call))
            case e.LegChanged(_, leg) if leg is not None:
                LEG.dump_json(leg)
            case _:
                pass

    def _later(self, seconds: float, do: Callable[[], None]) -> Timer:
        self.late.append(do)
        return _Never()

    def _emergency(self, user: str, number: str) -> None:
        self.emergencies.append((user, number))


# -- what Asterisk might send ------------------------------------------------------------------------------------------

# Legs that come, that we make, and that nobody knows.
LEGS = st.sampled_from(["in1", "in2", *(f"cc-1-l{n}" for n in range(1, 9)), "stranger", "cc-0-l1", *STRANGE[:4]])
_NAMES = st.sampled_from(
    ["PJSIP/1001-0000002a", "PJSIP/carrier-00000001", "PJSIP/1002-page-1", "Local/1@x-1;2", "Snoop/x"]
)
_STATES = st.sampled_from(["Down", "Ring", "Ringing", "Up", "Busy", "Unknown"])
_WHO = st.fixed_dictionaries({"name": texts, "number": st.one_of(st.just(NUMBER), texts)})
_PLAN = st.fixed_dictionaries(
    {
        "context": st.sampled_from(["from-carrier", "from-phones", "emergency", ""]),
        "exten": st.one_of(st.sampled_from(["2000", "1001", "s"]), texts),
        "priority": st.integers(),
        "app_name": st.sampled_from(["Stasis", "Dial", "AppDial", ""]),
        "app_data": st.sampled_from([f"{APP},group,support", f"{APP},_leg,cc-1-c1", APP, "", "other,x"]),
    }
)
_VERBS = st.sampled_from(
    [
        *(["group", "support"], ["agent", "alice"], ["queue", "help"], ["skill", "french>=3"], ["number", NUMBER]),
        *(
            ["_leg", "cc-1-c1"],
            ["dial", "0612345678"],
            ["feature", "*7"],
            ["replaced", "in1", "x"],
            ["tie", "x"],
            [],
            ["x"],
        ),
    ]
)


@st.composite
def channels(draw: st.DrawFn) -> Json:
    """One of those that come, that we make, or that nobody knows."""
    return channel(
        draw(LEGS),
        draw(_STATES),
        draw(_NAMES),
        caller=draw(_WHO),
        connected=draw(_WHO),
        dialplan=draw(_PLAN),
        channelvars=draw(st.dictionaries(st.sampled_from(["CALLERID(pres)", "CALL_DATA_x", "CALL_ENTRY"]), texts)),
        creationtime="2026-11-29T12:00:00.000+0000",
        accountcode="",
        protocol_id=draw(texts),
    )


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """One that Asterisk could send of some channel, with all that we look at."""
    reported = draw(channels())
    kind = draw(st.sampled_from([*USED, *USED, "ChannelUserevent", "BridgeMerged", "ContactStatusChange", ""]))
    match kind:
        case "StasisStart":
            arguments = draw(_VERBS)
            replaced = {"replace_channel": draw(channels())} if draw(st.integers(0, 9)) == 0 else {}
            return {**start("", *arguments), "channel": reported, **replaced}
        case "Dial":
            status = draw(st.sampled_from(["", "RINGING", "PROGRESS", "ANSWER", "BUSY", "NOANSWER", "CANCEL"]))
            return {**dial(status), "peer": reported, "caller": draw(channels())}
        case "PlaybackFinished":
            playback = {
                "id": draw(texts),
                "target_uri": f"channel:{reported['id']}",
                "media_uri": "sound:x",
                "state": "done",
            }
            return {"type": kind, "playback": playback}
        case "RecordingStarted" | "RecordingFinished" | "RecordingFailed":
            return {"type": kind, "recording": {"name": draw(texts), "format": "wav", "state": "done"}}
        case "ChannelTransfer":
            to = {"requested_destination": {"destination": draw(texts)}, "destination_channel": draw(channels())}
            return {"type": kind, "refer_to": to, "referred_by": {"source_channel": reported}}
        case "ChannelVarset":
            name = draw(st.sampled_from(["CALL_DATA_ticket", "CALL_ENTRY", "CALL_DIALLED", "OTHER"]))
            return {"type": kind, "variable": name, "value": draw(texts), "channel": reported}
        case _:
            more = {"cause": draw(st.integers()), "digit": draw(st.sampled_from(["1", "#", "A", "", "12"]))}
            return {**event(kind), "channel": reported, **more, "soft": draw(st.booleans()), "musicclass": draw(texts)}


def stretches(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Sequence[Any]]:
    """Several events, each of which may be spoilt, or no event at all."""
    return st.lists(st.one_of(of, of, spoilt(of), anything), max_size=12)
