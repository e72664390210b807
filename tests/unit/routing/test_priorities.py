"""Who goes before others by their number."""

import pytest

from ari_app.routing.priorities import PriorityList, priority_of
from tests.support.callcentre import target

LISTS = (
    PriorityList("ministers", 20, frozenset({"+33612345678"}), queues=frozenset({"sales"})),
    PriorityList("gold", 10, frozenset({"+33612345678"}), (r"\+4420.*",)),
    PriorityList("nuisance", -5, patterns=(r"\+33899.*", r"\+4420.*")),
)


@pytest.mark.parametrize(
    ("number", "to", "priority"),
    [
        ("+33612345678", "queue:sales", 20),
        ("+33612345678", "queue:help", 10),
        ("+33612345678", "group:sales", 10),
        ("+442012345", "queue:sales", 10),
        ("+33899123456", "queue:sales", -5),
        ("+33612345679", "queue:sales", 0),
        ("00442012345", "queue:sales", 0),
        ("", "queue:sales", 0),
    ],
)
def test_the_first_list_that_has_the_whole_number_says_the_priority(number: str, to: str, priority: int) -> None:
    assert priority_of(LISTS, number, target(to)) == priority
