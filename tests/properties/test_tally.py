"""Live figures, kept by each change, are what counting all calls and agents anew would say: after any changes."""

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ari_app.api.tally import Line, Now, Standing, Tally
from ari_app.calls.model import Call, CallBack, CallType, Identity, Offer, OfferKind, OfferState, Tie
from ari_app.routing.directory import Agent, Directory, Group, Queue
from ari_app.routing.targets import parse_target

AGENTS = ("alice", "bob", "carol")
TARGETS = ("queue:sales", "queue:all", "group:support", "group:gone", "skill:french")
FIRST = Directory(
    agents={
        "alice": Agent("alice", "Alice", groups=("support", "sales")),
        "bob": Agent("bob", "Bob", groups=("support", "unlisted")),
    },
    groups={"support": Group("support", "Support"), "sales": Group("sales", "Sales")},
    queues={
        "sales": Queue("sales", "Sales", groups=("sales",)),
        "all": Queue("all", "All", groups=("sales", "support")),
    },
)
SECOND = Directory(
    agents={"bob": Agent("bob", "Bob", groups=("gone",)), "carol": Agent("carol", "Carol", groups=("gone", "support"))},
    groups={"support": Group("support", "Support"), "gone": Group("gone", "Gone")},
    queues={"sales": Queue("sales", "Sales", groups=("gone", "support"))},
)

BACK = CallBack(Identity("Zoé", "+33612345678"), parse_target("queue:sales"), promised_at=1.0, expires_at=9.0)
times = st.none() | st.sampled_from((1.0, 2.0, 2.5, 3.0))
offers = st.none() | st.builds(
    Offer,
    st.just("o1"),
    st.just(OfferKind.CALL),
    st.sampled_from(TARGETS).map(parse_target),
    st.sampled_from((None, None, "p1")),
    st.just(Identity()),
    st.sampled_from((OfferState.WAITING, OfferState.RINGING, OfferState.ACCEPTED, OfferState.CANCELLED)),
)
calls = st.builds(
    Call,
    id=st.sampled_from(("c1", "c2", "c3", "c4")),
    type=st.just(CallType.INBOUND),
    bridge=st.just("b"),
    started_at=st.just(0.0),
    queued_at=times,
    answered_at=times,
    queue=st.sampled_from((None, "sales")),
    offer=offers,
    ended=st.sampled_from((False, False, False, True)),
    callback=st.sampled_from((None, None, None, BACK, replace(BACK, reached=True))),
)
standings = st.builds(Standing, st.sampled_from(("ready", "not_ready", "on_call", "logged_out")), st.booleans())


def waits_for(call: Call) -> str | None:
    """The target whose caller waits in this call."""
    if call.ended or call.queued_at is None or call.answered_at is not None or call.offering() is None:
        return None
    if call.to_call_back() is not None:
        return None
    return str(call.offer.target) if call.offer is not None else None


def called_back(call: Call) -> str | None:
    """The target for which somebody waits without a line."""
    back = call.to_call_back()
    return str(back.target) if back is not None and not call.ended and call.queued_at is not None else None


def served_by(history: list[Call]) -> str | None:
    """The target as whose caller they are talked to: the first that they were seen with since they are answered."""
    found = None
    for call in reversed(history):
        if call.ended or call.queued_at is None or call.answered_at is None or call.to_call_back() is not None:
            break
        if call.offer is not None and call.offer.by is None:
            found = str(call.offer.target)
        elif call.queue is not None:
            found = f"queue:{call.queue}"
    return found


def counted(directory: Directory, histories: dict[str, list[Call]], agents: dict[str, Standing]) -> dict[str, Now]:
    """Everything, one by one."""
    found = {}
    for target in (*(f"queue:{q}" for q in directory.queues), *(f"group:{g}" for g in directory.groups)):
        waiting = [h[-1].queued_at for h in histories.values() if waits_for(h[-1]) == target]
        members = [a for a in directory.agents if directory.serves(a, parse_target(target))]
        standing = [agents.get(agent, Standing()) for agent in members]
        found[target] = Now(
            waiting=len(waiting),
            callbacks=sum(called_back(h[-1]) == target for h in histories.values()),
            oldest=min((since for since in waiting if since is not None), default=None),
            talking=sum(served_by(history) == target for history in histories.values()),
            agents=tuple(sorted(Counter(one.state for one in standing).items())),
            available=sum(one.available for one in standing),
        )
    return found


class Live(RuleBasedStateMachine):
    """Calls and agents change, in any order; sometimes the file is read again, or all is counted anew."""

    def __init__(self) -> None:
        super().__init__()
        self.tally = Tally(FIRST)
        self.histories: dict[str, list[Call]] = {}
        self.agents: dict[str, Standing] = {}

    def before(self) -> dict[str, Now]:
        return {target: self.tally.now(target) for target in self.tally.names}

    def reported(self, before: dict[str, Now], changed: Any) -> None:
        """Each target that is another is named, and no target that nobody knows."""
        named = set(changed)
        assert named <= self.tally.names.keys()
        assert {target for target, now in self.before().items() if now != before[target]} <= named

    @rule(call=calls)
    def a_call_changes(self, call: Call) -> None:
        before = self.before()
        self.histories.setdefault(call.id, []).append(call)
        self.reported(before, self.tally.call(call))

    @rule(call=calls)
    def a_call_that_is_nobodys_changes(self, call: Call) -> None:
        tie = replace(call, id=f"tie-{call.id}", tie=Tie("c1", "alice", None))
        assert not list(self.tally.call(tie))

    @rule(agent=st.sampled_from(AGENTS), standing=standings)
    def an_agent_changes(self, agent: str, standing: Standing) -> None:
        before = self.before()
        if agent in self.tally.directory.agents:
            self.agents[agent] = standing
        self.reported(before, self.tally.agent(agent, standing))

    @rule(directory=st.sampled_from((FIRST, SECOND)))
    def all_is_counted_anew(self, directory: Directory) -> None:
        self.tally = Tally(directory, self.tally.places)
        for history in self.histories.values():
            self.tally.call(history[-1])
        self.agents = {agent: s for agent, s in self.agents.items() if agent in directory.agents}
        for agent, standing in self.agents.items():
            self.tally.agent(agent, standing)

    @invariant()
    def it_is_what_counting_says(self) -> None:
        assert self.before() == counted(self.tally.directory, self.histories, self.agents)


TestLive = Live.TestCase


def test_a_line_keeps_no_more_of_those_who_are_gone_than_of_those_who_wait() -> None:
    line = Line()
    line.join("first", 0.0)
    for n in range(10_000):
        line.join(f"c{n}", 1.0 + n)
        line.leave(f"c{n}")
    assert (len(line), line.oldest) == (1, 0.0)
    assert len(line._oldest) < 100
    line.leave("first")
    assert line.oldest is None
