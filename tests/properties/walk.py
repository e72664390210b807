"""A walk over the states that calls can reach: every listed action, every phone and every deadline is a way on.

States are distinguished by their `shape`: ids, names and times left out, so that what only looks different counts once.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, replace
from functools import partial
from typing import Any

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.actions import call_actions, party_actions
from ari_app.calls.model import Call, Identity, Monitor, MonitorMode, Outside, Party, PartyRole, Progress
from ari_app.calls.story import Stories
from ari_app.routing.directory import Role
from ari_app.testing.asterisk_model import Behaviour, State
from tests.support.hearers import BOXES
from tests.support.office import NUMBER, Office
from tests.support.world import CALLER, World, to

CODES = {"transfer": "*1", "conference": "*2", "hold": "*3", "cancel": "*0"}
NUMBER_BY_KEYS = "1002#"
VIEWERS = (
    ("alice", Role.AGENT),
    ("bob", Role.AGENT),
    ("carol", Role.AGENT),
    ("dave", Role.AGENT),
    ("alice", Role.SUPERVISOR),
    ("olga", Role.SUPERVISOR),
    ("erin", Role.SUPERVISOR),
)
_FIELDS: dict[type[c.CallCommand], dict[str, object]] = {
    c.SendDtmf: {"digits": "1"},
    c.ChangeUserData: {"changes": {"k": "v"}},
    c.MonitorCall: {"mode": MonitorMode.LISTEN},
    c.SingleStepTransfer: {"target": to(f"number:{NUMBER}")},
    c.SingleStepConference: {"target": to(f"number:{NUMBER}")},
    c.InitiateTransfer: {"target": to(f"number:{NUMBER}")},
}


@dataclass(frozen=True)
class Possible:
    """One command that somebody might send, and whether it is listed for them."""

    kind: type[c.CallCommand]
    by: str
    role: Role
    fields: dict[str, object]
    listed: bool
    visible: bool


def commands(world: World) -> Iterator[Possible]:
    """Every verb of everybody on every call and on every party of it."""
    for call in world.switch.calls.values():
        for by, role in VIEWERS:
            visible = role is not Role.AGENT or call.party_of(by) is not None
            listed = call_actions(call, by, world.directory, role, engaged=world.engaged(by, call))
            for verb, kind in c.ON_CALL.items():
                fields = {"call": call.id, **_FIELDS.get(kind, {})}
                yield Possible(kind, by, role, fields, verb in listed, visible)
            for party in call.parties.values():
                able = party_actions(call, party, by, role)
                seen = visible and party.progress is not Progress.LEFT
                for party_verb, on_party in c.ON_PARTY.items():
                    fields = {"call": call.id, **_FIELDS.get(on_party, {}), "party": party.id}
                    yield Possible(on_party, by, role, fields, party_verb in able, seen)


def is_bare(kind: type[c.CallCommand]) -> bool:
    """Whether a command says all by its name, and the call that it is on."""
    needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    return needed == {"id", "by", "call"}


def happenings(world: World) -> Iterator[Callable[[World], object]]:
    """What else may come: phones that answer and hang up, hold keys, feature codes, a deadline, a call more."""
    for leg, channel in world.asterisk.world.channels.items():
        if channel.state in (State.DIALLING, State.RINGING):
            yield _phone("answer", leg)
            yield _phone("hang_up", leg, 21)
        else:
            yield _phone("hang_up", leg)
            yield _phone("press_hold", leg)
            yield _phone("press_retrieve", leg)
        if channel.state is State.UP and world.switch.legs[leg].agent is not None:
            for keys in (*CODES.values(), NUMBER_BY_KEYS):
                yield partial(_press, leg=leg, keys=keys)
        if channel.detecting:
            yield _phone("talk", leg, True)
    if world.switch.next_deadline() is not None:
        yield World.pass_time
    if len(world.switch.calls) < 2:
        yield lambda w: _say(w, c.MakeCall, "alice", target=to("agent:bob"))


def _phone(does: str, *args: object) -> Callable[[World], object]:
    return partial(_at_phone, does=does, args=args)  # not a lambda: a failure shows what happened


def _at_phone(world: World, does: str, args: tuple[object, ...]) -> None:
    getattr(world.asterisk, does)(*args)


def _press(world: World, leg: str, keys: str) -> None:
    for key in keys:
        world.asterisk.press_key(leg, key)
        world.settle()


def _say(world: World, kind: type[c.BaseCommand], by: str, **fields: object) -> None:
    world.command(kind, by, **fields)


def beginnings(*, withholding: bool = False, **settings: Any) -> Iterator[World]:
    """Calls as they begin, and what they come to by and by, so that the walk is soon everywhere.

    With `withholding`, every caller withholds who they are.
    """
    for begin in _BEGINNINGS:
        office = Office(**{"feature_codes": CODES, "talk_detection": True, "disposition_required": True, **settings})
        office.withholding = withholding
        begin(office)
        office.settle()
        yield office


def _conference(office: Office) -> Call:
    call = office.served()
    _say(office, c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.picks_up("bob")
    _say(office, c.SingleStepConference, "bob", call=call.id, target=to("agent:alice"))
    office.settle()
    office.picks_up("alice")
    return call


def _consultation(office: Office) -> None:
    _say(office, c.InitiateTransfer, "alice", call=office.served().id, target=to("agent:bob"))
    office.settle()
    office.picks_up("bob")


def _transferred_meanwhile(office: Office) -> None:
    """The contact's own call has a transfer ringing while its agent talks in the consultation."""
    _consultation(office)
    first = next(iter(office.switch.calls))
    _say(office, c.SingleStepTransfer, "alice", call=first, target=to("agent:carol"))


def _consulted_by_an_agent_who_hung_up(office: Office) -> None:
    """Contact and consulted wait on hold, both outside."""
    _say(office, c.InitiateTransfer, "alice", call=office.served().id, target=to(f"number:{NUMBER}"))
    office.answers_outside()
    _say(office, c.Hold, "alice", call=list(office.switch.calls)[-1])
    office.settle()
    office.hangs_up("alice")


def _kept(office: Office) -> None:
    _say(office, c.Hold, "alice", call=office.served().id)
    office.settle()
    office.hangs_up("alice")


def _logged_out_with_a_contact_on_hold(office: Office) -> None:
    _say(office, c.Hold, "alice", call=office.served().id)
    office.settle()
    office.goes_home("alice")


def _recalled(office: Office) -> None:
    _kept(office)
    office.settle()
    office.pass_time()


def _recalled_at_two_phones(office: Office) -> None:
    office.asterisk.places = {"1001": ("sip:1001@desk", "sip:1001@home")}
    _recalled(office)


def _joined_from_the_desktop(office: Office) -> None:
    """Two contacts on hold are joined by an agent whose phone rings again."""
    call = office.served().id
    _say(office, c.Hold, "alice", call=call)
    office.settle()
    office.hangs_up("alice")
    _say(office, c.SingleStepConference, "alice", call=call, target=to(f"number:{NUMBER}"))
    office.answers_outside()
    office.pass_time()
    office.settle()


def _held_by_phone(office: Office) -> None:
    """Its agent's phone holds the call, in which a colleague has brought the contact back."""
    call = _conference(office)
    office.settle()
    office.asterisk.press_hold(office.leg_of("bob", call.id))
    office.settle()
    _say(office, c.Retrieve, "alice", call=call.id)


def _monitored(mode: MonitorMode) -> Callable[[Office], None]:
    def begin(office: Office) -> None:
        call = office.served()
        _say(office, c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=mode)
        office.settle()
        office.picks_up("erin")

    return begin


def _two_calls(office: Office) -> None:
    office.served()
    _say(office, c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    office.picks_up("bob")


def _by_hand(*numbers: str, last: str = "answers") -> Callable[[Office], None]:
    """The contact on hold by the phone's key, then a call by hand to each number; each has data of its own."""

    def begin(office: Office) -> None:
        call = office.served()
        _say(office, c.ChangeUserData, "alice", call=call.id, changes={"contact": "Zoé"})
        for number in numbers:
            for leg in [leg for leg in office.switch.legs.values() if leg.agent == "alice"]:
                office.asterisk.press_hold(leg.id)
            office.settle()
            office.arrives("dial", number, endpoint="1001", leg=f"to{number}")
            office.settle()
            _say(office, c.ChangeUserData, "alice", call=list(office.switch.calls)[-1], changes={number: "called"})
            if number != numbers[-1] or last == "answers":
                for agent in ("bob", "carol"):
                    office.picks_up(agent)

    return begin


def _recorded(office: Office) -> None:
    _say(office, c.StartRecording, "alice", call=_conference(office).id)


def _reported(office: Office) -> None:
    """A caller hears their position in the queue, for as long as it takes, while a phone rings for that caller."""
    office.asterisk.prompts_end = False
    ready, office.agents.idle = office.agents.idle, []
    office.arrives("queue", "help")
    office.settle()
    office.pass_time()
    office.agents.idle = ready
    office.feed(s.AgentBecameAvailable("alice"))


def _promised(office: Office) -> None:
    """A caller has left the queue to be called back, and nobody is free."""
    office.agents.idle = []
    office.arrives("queue", "help", leg="in1")
    office.settle()
    _press(office, "in1", "10612345678#" if office.withholding else "1")


def _in_line(office: Office) -> None:
    """Four wait and nobody is free: two on the line, two to be called back, one of each came before the other."""
    office.agents.idle = []
    office.configure(replace(office.directory, queues={"help": replace(office.directory.queues["help"], max_length=9)}))
    for number in range(4):
        office.now += 3.0
        caller = Identity(f"Caller {number}", f"+3361234567{number}")
        office.asterisk.arrive(f"in{number}", "carrier", "queue", "help", caller=caller)
        office.settle()
        if number in (1, 2):
            _press(office, f"in{number}", "1")


def _called_back(office: Office) -> None:
    """The agent hears it ring."""
    for number in (CALLER.number, "0612345678"):
        office.asterisk.behaviour[Outside(number, "carrier")] = Behaviour.RING
    ready = office.agents.idle
    _promised(office)
    office.settle()
    office.agents.idle = ready
    office.feed(s.AgentBecameAvailable("alice"))
    office.settle()
    office.picks_up("alice")


def _called_back_again(office: Office) -> None:
    """For the last time: they were busy before."""
    _called_back(office)
    office.asterisk.hang_up(office.outside_leg(), 17)
    office.settle()
    office.pass_time()
    office.settle()
    office.picks_up("alice")


def _refused(behaviour: Behaviour) -> Callable[[Office], None]:
    """A caller waits, and the only one who could be rung is at a phone that does this."""

    def begin(office: Office) -> None:
        office.phone("alice", behaviour)
        office.agents.idle = ["alice"]
        office.arrives("group", "support")

    return begin


def _hears_messages(office: Office) -> None:
    """An agent hears the first of several messages, for as long as it takes."""
    office.asterisk.prompts_end, office.in_boxes = False, BOXES[-1]
    office.arrives("feature", "voicemail", "en", endpoint="1001")
    for _ in range(3):
        office.settle()
        office.asterisk.end_prompts()


_BEGINNINGS: tuple[Callable[[Office], object], ...] = (
    lambda office: office.arrives("group", "support"),
    lambda office: office.arrives("queue", "help"),
    lambda office: office.arrives("dial", "2001", endpoint="1001"),
    lambda office: _say(office, c.MakeCall, "alice", target=to("agent:bob")),
    lambda office: _say(office, c.MakeCall, "alice", target=to(f"number:{NUMBER}")),
    lambda office: _say(office, c.SingleStepTransfer, "alice", call=office.served().id, target=to("agent:bob")),
    lambda office: _say(office, c.SingleStepTransfer, "alice", call=office.served().id, target=to("group:together")),
    _conference,
    lambda office: _say(office, c.Hold, "bob", call=_conference(office).id),
    lambda office: _say(office, c.InitiateTransfer, "bob", call=_conference(office).id, target=to("agent:carol")),
    _consultation,
    _transferred_meanwhile,
    _consulted_by_an_agent_who_hung_up,
    _kept,
    _logged_out_with_a_contact_on_hold,
    _recalled,
    _recalled_at_two_phones,
    _joined_from_the_desktop,
    _held_by_phone,
    _two_calls,
    _by_hand("1002", last="rings"),
    _by_hand("1002", "1003"),
    _recorded,
    _reported,
    _refused(Behaviour.REFUSE),
    _refused(Behaviour.DECLINE),
    _monitored(MonitorMode.LISTEN),
    _monitored(MonitorMode.WHISPER),
    _monitored(MonitorMode.BARGE),
    _promised,
    _in_line,
    _called_back,
    _called_back_again,
    lambda office: office.arrives("group", "together"),
    _hears_messages,
)
"""In their order: walks that failed once are kept by it."""


def left_alone_by(world: World, leg: str) -> set[str]:
    """The legs of those outside who have nobody but the agent at this leg, nobody being rung for them, and do not hold
    the line themselves. Where the agent is muted, or the others outside are, or they are deaf, their silence is
    somebody's will, also afterwards; who has logged out, or is listed no more, is not waited for.
    """
    found = set()
    for call in world.switch.calls.values():
        here = [p for p in call.joined() if p.leg == leg and p.agent is not None and not p.muted]
        others = [p for p in call.joined() if p.leg != leg]
        here = [p for p in here if p.agent in world.directory.agents and p.agent not in world.gone_home]
        if here and call.offering() is None and all(p.role is PartyRole.CONTACT for p in others):
            heard = {p.id for p in others if not p.muted}
            alone = [p for p in others if not p.deaf and (heard - {p.id} or len(others) < 2)]
            legs = (world.switch.legs.get(p.leg or "") for p in alone)
            found |= {leg.id for leg in legs if leg is not None and not leg.held_by_phone}
    return found


def on_hold(world: World) -> set[str]:
    """The legs of those who are on hold, and in a call still."""
    joined = [party for call in world.switch.calls.values() for party in call.joined() if call.on_hold(party)]
    return {party.leg for party in joined if party.leg is not None}


def waits_for(world: World, agent: str) -> bool:
    """Whether a call is kept for an agent who has no leg in it."""
    mine = [call.party_of(agent) for call in world.switch.calls.values()]
    return any(party is not None and party.away for party in mine)


def fork(world: World) -> World:
    """The same once more, to try something in. Values that never change are shared."""
    world.asterisk.executed.clear()
    world.effects = []
    world.switch.stories = Stories()
    state = world.switch.state
    same = [
        world.directory,
        *world.everybody.values(),
        *state.calls.values(),
        *state.legs.values(),
        *state.seeks.values(),
    ]
    same += [*state.pending.values(), *world.switch._over.values(), *world.replies.values(), *world.refusals.values()]
    return copy.deepcopy(world, {id(value): value for value in same})


def shape(world: World) -> object:
    """What makes a state another one: all but ids, names and times."""
    names: dict[object, int] = {}

    def short(value: object) -> object:
        return None if value is None else names.setdefault(value, len(names))

    def of_party(party: Party) -> object:
        held = tuple(sorted(str(short(p)) for p in party.held_by))
        keyed = (party.keyed.kind, bool(party.keyed.digits)) if party.keyed is not None else None
        said = (party.role, party.progress, party.muted, party.deaf, held, keyed, party.talking)
        return (short(party.id), short(party.agent), short(party.leg), *said)

    def of_monitor(monitor: Monitor) -> object:
        on = short(monitor.snoop.of) if monitor.snoop is not None else None
        return (short(monitor.agent), monitor.mode, monitor.progress, short(monitor.leg), on)

    def of_call(call: Call) -> object:
        present = [p for p in call.parties.values() if p.progress is not Progress.LEFT]
        offer = call.offering()
        ringing = (
            None
            if offer is None
            else (
                offer.kind,
                offer.state,
                short(offer.by),
                offer.fallback,
                offer.by_keys,
                tuple((short(a.party), a.ringing, a.answering) for a in offer.attempts),
            )
        )
        monitors = tuple(of_monitor(monitor) for monitor in call.monitors.values())
        recording = None if call.recording is None else call.recording.paused
        head = (call.type, short(call.owner), call.parent is not None, call.recall_at is not None, recording)
        return (*head, tuple(of_party(p) for p in present), ringing, monitors)

    calls = tuple(of_call(call) for call in world.switch.calls.values())
    legs = tuple(
        (short(leg.id), leg.state, leg.farewell, leg.held_by_phone, short(leg.focus), leg.detecting is not None)
        for leg in world.switch.legs.values()
    )
    return calls, legs, len(world.switch.state.pending)


def unchanged(world: World) -> object:
    """All that a refused command must leave as it is."""
    state = world.switch.state
    return replace(
        state,
        calls=dict(state.calls),
        legs=dict(state.legs),
        seeks=dict(state.seeks),
        pending=dict(state.pending),
        activities=dict(state.activities),
        in_flight=dict(state.in_flight),
    )
