"""What the dialplan may hand over, and what is wrong with the rest."""

import pytest

from ari_app.errors import Code, Refused
from ari_app.routing.entries import Fault, delivered_to, fault_of
from tests.support.callcentre import directory
from tests.support.world import to

SMALL = directory()


@pytest.mark.parametrize(
    ("verb", "argument", "fault"),
    [
        ("group", "sales", None),
        ("agent", "bob", None),
        ("skill", "french>=3", None),
        ("queue", "help", None),
        ("routing_point", "billing", None),
        ("group", None, None),
        ("group", "saless", Fault.UNKNOWN_TARGET),
        ("group", "", Fault.UNKNOWN_TARGET),
        ("skill", ">=", Fault.UNKNOWN_TARGET),
        ("groups", "sales", Fault.UNKNOWN_VERB),
        ("number", "+33123456789", Fault.UNKNOWN_TARGET),
        ("number", "2000", None),
        ("number", None, None),
        ("", None, Fault.UNKNOWN_VERB),
        ("dial", "17", None),
        ("feature", "login", None),
        ("feature", None, None),
        ("feature", "pause", Fault.UNKNOWN_FEATURE),
    ],
)
def test_what_the_dialplan_hands_over_is_listed_or_a_fault(
    verb: str, argument: str | None, fault: Fault | None
) -> None:
    assert fault_of(SMALL, verb, argument) is fault


def test_a_delivery_is_the_target_that_it_names() -> None:
    assert delivered_to(SMALL, "skill", "french>=3") == to("skill:french>=3")
    with pytest.raises(Refused) as refused:
        delivered_to(SMALL, "queue", "nowhere")
    assert refused.value.code is Code.UNKNOWN_TARGET
