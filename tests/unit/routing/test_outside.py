"""Who may dial which number outside: rules for some, what is denied, classes, emergencies."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ari_app.errors import Code, Refused
from ari_app.routing.directory import Directory, Purpose
from ari_app.routing.outside import (
    Ceilings,
    ClassOfService,
    Emergency,
    OutsideLimits,
    OutsideRule,
    Place,
    dialled,
)
from ari_app.routing.permissions import allowed_purposes, check_target
from tests.support.callcentre import directory
from tests.support.world import to

SMALL = directory()
NUMBERS = st.from_regex(r"\+?[0-9]{1,12}", fullmatch=True)
LABELS = st.frozensets(st.sampled_from(["agent:alice", "group:sales", "role:agent", "class:trainee"]))
RULES = st.lists(
    st.builds(
        OutsideRule,
        st.sampled_from(["0[0-9]+", "0[89][0-9]*", r"\+?[0-9]+", "9([0-9]+)", "1.*"]),
        st.sampled_from([None, "0", "+33"]),
        st.booleans(),
        LABELS,
    ),
    max_size=5,
)


def with_rules(*rules: OutsideRule) -> Directory:
    """The call centre with these rules."""
    return replace(SMALL, outside=rules)


@given(RULES, NUMBERS, LABELS)
def test_what_is_denied_to_somebody_is_never_dialled_for_them(
    rules: list[OutsideRule], number: str, labels: frozenset[str]
) -> None:
    out = dialled(rules, number, labels)
    for rule in rules:
        if rule.deny and (not rule.for_ or rule.for_ & labels):
            assert out is None or (rule.dialled(number) is None and rule.dialled(out) is None)


@given(RULES, NUMBERS, LABELS)
def test_one_rule_more_that_denies_never_allows_anything(
    rules: list[OutsideRule], number: str, labels: frozenset[str]
) -> None:
    if dialled(rules, number, labels) is None:
        assert dialled([*rules, OutsideRule("[0-9]+", deny=True)], number, labels) is None


@given(RULES, NUMBERS, LABELS)
def test_a_rule_for_others_changes_nothing_for_somebody(
    rules: list[OutsideRule], number: str, labels: frozenset[str]
) -> None:
    others = [OutsideRule(".*", "666", deny, frozenset({"agent:nobody"})) for deny in (True, False)]
    assume(labels)
    assert dialled([*others, *rules], number, labels) == dialled(rules, number, labels)


@given(RULES, NUMBERS, LABELS)
def test_whoever_has_no_labels_dials_what_everybody_may_and_nothing_that_is_denied_to_anybody(
    rules: list[OutsideRule], number: str, labels: frozenset[str]
) -> None:
    out = dialled(rules, number, frozenset())
    assert out == dialled([rule for rule in rules if rule.deny or not rule.for_], number, frozenset())
    if out is not None:
        assert not any(rule.deny and rule.dialled(number) is not None for rule in rules)
        assert dialled(rules, number, labels) is not None


def test_a_number_is_there_for_those_whom_its_rule_names_and_for_nobody_else() -> None:
    small = with_rules(
        OutsideRule("00[0-9]+", for_=frozenset({"group:sales", "role:supervisor"})), OutsideRule("0[1-9][0-9]+")
    )
    allowed = {a: bool(allowed_purposes(small, a, to("number:0044123"))) for a in ("alice", "dave", "erin")}
    assert allowed == {"alice": False, "dave": True, "erin": True}
    with pytest.raises(Refused) as refused:
        check_target(small, "alice", to("number:0044123"), Purpose.CALL)
    assert refused.value.code is Code.UNKNOWN_TARGET
    check_target(small, "alice", to("number:0123456"), Purpose.TRANSFER)


def test_a_premium_number_is_denied_before_it_is_allowed_also_behind_a_rewriting() -> None:
    small = with_rules(OutsideRule("9([0-9]+)", r"\1"), OutsideRule("0[0-9]+"), OutsideRule("0(89|9)[0-9]+", deny=True))
    assert small.outside_number("0123456", "alice") == "0123456"
    assert small.outside_number("0899123", "alice") is None
    assert small.outside_number("90899123", "alice") is None
    assert small.outside_number("90123456", "alice") == "0123456"


def test_the_call_centre_itself_dials_what_some_may_dial_and_not_what_nobody_may() -> None:
    small = with_rules(
        OutsideRule("0[0-9]+", for_=frozenset({"agent:bob"})),
        OutsideRule("08[0-9]+", deny=True),
        OutsideRule("07[0-9]+", deny=True, for_=frozenset({"agent:bob"})),
    )
    assert [small.outside_number(n) for n in ("0123", "0823", "0723")] == ["0123", None, "0723"]


def test_who_is_not_listed_any_more_dials_what_everybody_may() -> None:
    small = with_rules(OutsideRule("0[0-9]+", for_=frozenset({"role:agent"})), OutsideRule("1[0-9]+"))
    assert [small.outside_number(n, "gone") for n in ("0123", "1123")] == [None, "1123"]


def test_a_class_of_service_says_what_is_otherwise() -> None:
    alice = replace(SMALL.agents["alice"], class_of_service="trainee")
    settings = replace(SMALL.settings, outside=OutsideLimits(Ceilings(5, 20)))
    classes = {"trainee": ClassOfService(calls=1, dial_when_logged_out=False), "other": ClassOfService(per_minute=1)}
    bob = replace(SMALL.agents["bob"], class_of_service="other")
    small = replace(
        SMALL,
        agents={**SMALL.agents, "alice": alice, "bob": bob},
        classes_of_service=classes,
        settings=settings,
        outside=(OutsideRule("0[0-9]+", for_=frozenset({"class:trainee"})),),
    )
    assert small.outside_limits("alice") == OutsideLimits(Ceilings(1, 20), dial_when_logged_out=False)
    assert small.outside_limits("bob") == OutsideLimits(Ceilings(5, 1))
    assert small.outside_limits("carol") == small.outside_limits("nobody") == settings.outside
    assert [small.outside_number("0123", a) for a in ("alice", "carol")] == ["0123", None]


def test_an_emergency_is_a_number_for_everybody_whatever_the_rules_say_and_is_complete_at_once() -> None:
    settings = replace(SMALL.settings, emergency=Emergency(frozenset({"112"})))
    small = replace(with_rules(OutsideRule(".*", deny=True), OutsideRule("[0-9]{6,}")), settings=settings)
    assert allowed_purposes(small, "alice", to("number:112"))
    assert small.is_complete("112")
    assert not small.is_complete("11")


def test_emergency_services_see_the_first_place_that_an_agent_is_at() -> None:
    places = (Place("+331", frozenset({"group:sales"})), Place("+332"), Place("+333", frozenset({"agent:alice"})))
    emergency = Emergency(frozenset({"112"}), places)
    assert [emergency.place_of(SMALL.labels(a)) for a in ("dave", "alice")] == ["+331", "+332"]
    assert Emergency().place_of(SMALL.labels("dave")) is None
