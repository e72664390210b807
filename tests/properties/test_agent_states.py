"""Whatever is reported of agents, in whatever order and by whichever clock: no two states of an agent overlap.

They touch, each is recorded once, and whoever goes on with what was kept records the same.
"""

import os
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ari_app.availability.port import AgentRecord, AgentState
from ari_app.records.agent_states import AgentStates, OpenState, StateFollowed
from ari_app.records.model import AgentStateRecord

EXAMPLES = int(os.environ.get("CC_EXAMPLES", "200"))
OPEN = TypeAdapter(OpenState)
REPORTS = st.lists(
    st.builds(
        AgentRecord,
        agent=st.sampled_from(("alice", "bob")),
        state=st.sampled_from(AgentState),
        reason=st.sampled_from((None, "lunch")),
        since=st.integers(0, 50_000).map(lambda ms: ms / 1000),
        call=st.sampled_from((None, "c1")),
    ),
    max_size=60,
)


@settings(max_examples=EXAMPLES)
@given(reports=REPORTS, cuts=st.sets(st.integers(0, 60)), gone=st.booleans())
def test_states_touch_and_are_the_same_wherever_another_goes_on(
    reports: list[AgentRecord], cuts: set[int], gone: bool
) -> None:
    one, other = AgentStates(), AgentStates()
    found: list[AgentStateRecord] = []
    kept: dict[str, bytes] = {}

    def follow(followed: StateFollowed | None) -> None:
        if followed is None:
            return
        if followed.open is None:
            del kept[followed.agent]
        else:
            kept[followed.agent] = OPEN.dump_json(followed.open)
        found.extend([followed.record] if followed.record is not None else [])

    for number, report in enumerate(reports):
        if number in cuts:
            other = AgentStates()
            other.restore(OPEN.validate_json(data) for data in kept.values())
        followed = one.reported(report)
        assert other.reported(report) == followed
        follow(followed)
    for over in one.gone((), 60.0) if gone else ():
        follow(over)
    assert len({record.key for record in found}) == len(found)
    for agent in ("alice", "bob"):
        mine = [record for record in found if record.agent == agent]
        assert all(record.begun_at < record.ended_at for record in mine)
        assert all(before.ended_at <= after.begun_at for before, after in pairwise(mine))
        assert all(after.begun_at - before.ended_at < 0.002 for before, after in pairwise(mine))
        reported = [report for report in reports if report.agent == agent]
        if gone and mine:
            assert mine[-1].ended_at == 60.0
            assert abs(sum(x.ended_at - x.begun_at for x in mine) - (60.0 - reported[0].since)) < 0.001 * len(reported)
