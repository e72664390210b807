"""Two files of queue_log beside each other: which differences count."""

from __future__ import annotations

import pytest

from tests.support.queue_logs import calls, members, unlike

THERE = [
    "100|NONE|NONE|NONE|QUEUESTART|",
    "100|CLI|compare|alice|ADDMEMBER|",
    "100|1.1|compare|NONE|ENTERQUEUE||+336|1",
    "103|1.1|compare|alice|RINGNOANSWER|3000",
    "105|1.1|compare|bob|CONNECT|5|1.3|1",
    "107|1.1|compare|bob|COMPLETECALLER|5|2|1",
    "107|1.1|other|bob|COMPLETECALLER|5|2|1",
]
HERE = [
    "200|c1|compare|NONE|ENTERQUEUE||+336|1",
    "203|c1|compare|bob|RINGNOANSWER|3020",
    "205|c1|compare|alice|CONNECT|6|p2|2",
    "207|c1|compare|alice|COMPLETECALLER|6|2|1",
    "207|NONE|compare|alice|PAUSE|lunch",
]


def test_ids_names_and_a_second_more_or_less_are_no_difference() -> None:
    assert unlike(calls(THERE, "compare"), calls(HERE, "compare")) == []
    assert members(THERE, "compare") == ["alice|ADDMEMBER|"]
    assert members(HERE, "compare") == ["alice|PAUSE|lunch"]


@pytest.mark.parametrize(
    ("line", "other"),
    [
        (3, "207|c1|compare|alice|COMPLETEAGENT|6|2|1"),
        (3, "207|c1|compare|bob|COMPLETECALLER|6|2|1"),
        (3, "207|c1|compare|alice|COMPLETECALLER|6|2|2"),
        (3, "207|c1|compare|alice|COMPLETECALLER|6|5|1"),
        (3, "207|c1|compare|alice|COMPLETECALLER|6|2"),
        (1, "203|c1|compare|bob|RINGNOANSWER|3"),
        (0, "200|c1|compare|NONE|ENTERQUEUE||+337|1"),
        (3, "207|c2|compare|alice|COMPLETECALLER|6|2|1"),
    ],
)
def test_another_event_agent_place_time_or_number_of_fields_is_one(line: int, other: str) -> None:
    changed = [*HERE[:line], other, *HERE[line + 1 :]]
    assert unlike(calls(THERE, "compare"), calls(changed, "compare"))
