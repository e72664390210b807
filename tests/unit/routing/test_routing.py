"""Targets, look-ups and permissions: what may be reached, by whom, showing what (S2, S3, S28, S50-S54)."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.errors import Code, Refused
from ari_app.routing.directory import ALL_PURPOSES, Agent, CallerId, Directory, Group, Purpose, Queue
from ari_app.routing.outside import OutsideRule
from ari_app.routing.permissions import allowed_purposes, caller_ids_for, check_caller_id, check_target
from ari_app.routing.targets import Target, TargetType, parse_target
from tests.support.callcentre import directory
from tests.support.world import to

FAST = settings(max_examples=200, derandomize=True, database=None)
IDS = st.text("abzAZ09_.-", min_size=1, max_size=64)
NAMED = st.sampled_from([kind for kind in TargetType if kind not in (TargetType.SKILL, TargetType.NUMBER)])
TARGETS = st.one_of(
    st.builds(Target, NAMED, IDS),
    st.builds(Target, st.just(TargetType.SKILL), IDS, st.integers(1, 999)),
    st.builds(lambda n: Target(TargetType.NUMBER, n), st.from_regex(r"\+?[0-9]{1,32}", fullmatch=True)),
)
PURPOSES = st.sampled_from(Purpose)
SMALL = directory()
LISTED = (
    "agent:bob",
    "group:sales",
    "queue:help",
    "skill:french>=3",
    "routing_point:billing",
    "number:0033123456",
    "voicemail:support",
)


# -- targets ----------------------------------------------------------------------------------------------------------


@FAST
@given(TARGETS)
def test_every_target_reads_back_as_it_was_written(target: Target) -> None:
    assert parse_target(str(target)) == target


@FAST
@given(st.text(max_size=80))
def test_any_text_is_a_target_or_refused_as_unknown(text: str) -> None:
    target, code = None, None
    try:
        target = parse_target(text)
    except Refused as refused:
        code = refused.code
    assert code is Code.UNKNOWN_TARGET or (target is not None and parse_target(str(target)) == target)


def test_a_skill_without_a_level_or_with_none_asks_for_the_least() -> None:
    assert to("skill:french") == to("skill:french>=1") == to("skill:french>=0") == Target(TargetType.SKILL, "french", 1)
    assert str(to("skill:french>=1")) == "skill:french"


@pytest.mark.parametrize("text", ["", "alice", "agent:", "agent:a b", "skill:x>=", "number:+", "number:12a", "AGENT:a"])
def test_what_is_no_target_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Refused, match="agent:alice") as refused:
        parse_target(text)
    assert refused.value.code is Code.UNKNOWN_TARGET


# -- the directory ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("agent:bob", {"bob"}),
        ("agent:nobody", set()),
        ("group:sales", {"carol", "dave"}),
        ("group:nowhere", set()),
        ("queue:help", {"alice", "bob", "carol"}),
        ("queue:nowhere", set()),
        ("skill:french", {"alice", "bob", "dave"}),
        ("skill:french>=3", {"alice", "dave"}),
        ("skill:french>=6", set()),
        ("routing_point:billing", set()),
        ("number:0033123456", set()),
    ],
)
def test_the_members_of_a_target_are_those_who_could_ever_serve_it(text: str, members: set[str]) -> None:
    assert SMALL.members(to(text)) == members
    assert not SMALL.serves("nobody", to(text))


@pytest.mark.parametrize("text", LISTED)
def test_what_is_listed_exists_and_what_is_not_does_not_s2(text: str) -> None:
    assert SMALL.exists(to(text))
    assert not Directory().exists(to(text))


def test_every_kind_of_target_says_what_it_is_called_dialled_and_counted_by_s2_s4() -> None:
    reported = {text: SMALL.entry(to(text)) for text in LISTED}
    assert {to(text).type for text in LISTED} == set(TargetType)
    assert {t.split(":")[0]: (e.name, e.number, e.show_available) for t, e in reported.items() if e is not None} == {
        "agent": ("Bob", "1002", False),
        "group": ("Sales", "2001", True),
        "queue": ("Help", "3000", True),
        "skill": ("French", None, True),
        "routing_point": ("Billing", "4000", False),
        "number": ("0033123456", "0033123456", False),
        "voicemail": ("Support", None, False),
    }


def test_an_agent_without_a_phone_cannot_be_reached() -> None:
    olga = replace(SMALL, agents={"olga": Agent("olga", "Olga")})
    assert not olga.exists(to("agent:olga"))


@pytest.mark.parametrize(
    ("rules", "number", "dialled"),
    [
        ((), "0123456", None),
        ((OutsideRule(r"[0-9]{6}"),), "0123456", None),
        ((OutsideRule(r"[0-9]{7}"),), "0123456", "0123456"),
        ((OutsideRule(r"0([0-9]+)", r"+33\1"),), "0123456", "+33123456"),
        ((OutsideRule(r"9.*"), OutsideRule(r"0.*", "first"), OutsideRule(r".*", "second")), "0123456", "first"),
    ],
)
def test_the_first_rule_that_matches_the_whole_number_rewrites_it(
    rules: tuple[OutsideRule, ...], number: str, dialled: str | None
) -> None:
    assert Directory(outside=rules).outside_number(number) == dialled


@pytest.mark.parametrize(
    ("dialled", "meant"),
    [
        ("number:1002", "agent:bob"),
        ("number:2001", "group:sales"),
        ("number:3000", "queue:help"),
        ("number:4000", "routing_point:billing"),
        ("number:0612345678", "number:0612345678"),
        ("group:sales", "group:sales"),
    ],
)
def test_a_number_of_ours_stands_for_what_has_it(dialled: str, meant: str) -> None:
    assert SMALL.resolve(to(dialled)) == to(meant)


def test_the_agent_of_a_phone_is_found_and_nobody_for_another() -> None:
    found = SMALL.agent_of_phone("1002")
    assert found is not None
    assert found.id == "bob"
    assert SMALL.agent_of_phone("9999") is None


def test_a_groups_members_are_rung_as_it_says_and_all_others_by_who_is_idle_longest() -> None:
    kinds = ("group:together", "group:front", *LISTED)
    assert [SMALL.ring_policy(to(text)) for text in kinds] == ["all", "in_order", *["longest_idle"] * len(LISTED)]


# -- permissions ------------------------------------------------------------------------------------------------------


def _enabled(purposes: frozenset[Purpose], *, conferences: bool = True) -> Directory:
    base = directory(conferences=conferences)
    return replace(
        base,
        groups={"sales": Group("sales", "Sales", enabled_for=purposes)},
        queues={"help": Queue("help", "Help", enabled_for=purposes)},
        skills={"french": replace(base.skills["french"], enabled_for=purposes)},
        routing_points={"billing": replace(base.routing_points["billing"], enabled_for=purposes)},
    )


@FAST
@given(
    st.sampled_from((*LISTED, "agent:alice", "agent:none", "group:none")),
    st.frozensets(PURPOSES),
    st.booleans(),
    PURPOSES,
)
def test_what_may_be_done_is_what_is_not_refused_s2_s3_s28(
    text: str, enabled: frozenset[Purpose], conferences: bool, purpose: Purpose
) -> None:
    listed = _enabled(enabled, conferences=conferences)
    allowed = allowed_purposes(listed, "alice", to(text))
    try:
        check_target(listed, "alice", to(text), purpose)
    except Refused:
        assert purpose not in allowed
    else:
        assert purpose in allowed


@pytest.mark.parametrize("text", LISTED[1:5])
def test_a_verb_that_is_not_enabled_for_a_target_is_refused_for_it_s3(text: str) -> None:
    for purpose in Purpose:
        listed = _enabled(ALL_PURPOSES - {purpose})
        assert allowed_purposes(listed, "alice", to(text)) == ALL_PURPOSES - {purpose}
        with pytest.raises(Refused) as refused:
            check_target(listed, "alice", to(text), purpose)
        assert refused.value.code is Code.FEATURE_DISABLED


@pytest.mark.parametrize("text", ["agent:bob", "number:0033123456"])
def test_agents_and_numbers_may_be_reached_for_everything_s3(text: str) -> None:
    assert allowed_purposes(SMALL, "alice", to(text)) == ALL_PURPOSES


@pytest.mark.parametrize(("text", "code"), [("group:none", Code.UNKNOWN_TARGET), ("agent:alice", Code.INVALID)])
def test_what_does_not_exist_is_unknown_and_oneself_is_invalid(text: str, code: Code) -> None:
    assert allowed_purposes(SMALL, "alice", to(text)) == frozenset()
    with pytest.raises(Refused) as refused:
        check_target(SMALL, "alice", to(text), Purpose.CALL)
    assert refused.value.code is code


def test_conferences_switched_off_are_refused_to_everybody_s28() -> None:
    off = directory(conferences=False)
    assert allowed_purposes(off, "alice", to("agent:bob")) == {Purpose.CALL, Purpose.TRANSFER}
    with pytest.raises(Refused) as refused:
        check_target(off, "alice", to("agent:bob"), Purpose.CONFERENCE)
    assert refused.value.code is Code.FEATURE_DISABLED


def test_the_identities_of_an_agent_are_those_listed_in_their_order_s50_s53() -> None:
    assert [x.id for x in caller_ids_for(SMALL, "alice")] == ["support", "anonymous"]
    assert [x.id for x in caller_ids_for(SMALL, "dave")] == ["support"]
    assert caller_ids_for(SMALL, "nobody") == ()
    gone = replace(SMALL, caller_ids={"anonymous": CallerId("anonymous", "", "", anonymous=True)})
    assert [x.id for x in caller_ids_for(gone, "alice")] == ["anonymous"]


@FAST
@given(
    st.sampled_from(("alice", "dave", "nobody")),
    st.sampled_from((None, "support", "anonymous", "none")),
    PURPOSES,
    st.frozensets(PURPOSES),
)
def test_an_identity_is_shown_only_if_it_is_listed_and_the_choice_enabled_s50_s54(
    agent: str, caller_id: str | None, purpose: Purpose, enabled: frozenset[Purpose]
) -> None:
    listed = replace(SMALL, caller_ids_enabled_for=enabled)
    mine = {x.id for x in caller_ids_for(listed, agent)}
    if caller_id is None or (purpose in enabled and caller_id in mine):
        chosen = check_caller_id(listed, agent, caller_id, purpose)
        assert (chosen.id if chosen else None) == caller_id
        return
    with pytest.raises(Refused) as refused:
        check_caller_id(listed, agent, caller_id, purpose)
    expected = Code.CALLER_ID_NOT_ALLOWED if purpose in enabled else Code.FEATURE_DISABLED
    assert refused.value.code is expected


@pytest.mark.parametrize(
    ("number", "outside", "complete"),
    [
        ("1002", (), True),
        ("100", (), False),
        ("2000", (), True),
        ("17", (), False),
        ("1002", (OutsideRule("0[0-9]+"),), True),
        ("1002", (OutsideRule("[0-9]{6,}"),), False),
        ("1002", (OutsideRule("[0-9]{6}"),), False),
        ("012345678", (OutsideRule("0[0-9]{9}"),), False),
        ("0123456789", (OutsideRule("0[0-9]{9}"),), True),
        ("0123456789", (OutsideRule("0[0-9]+"),), False),
    ],
)
def test_a_number_is_complete_when_nothing_longer_could_be_meant(
    number: str, outside: tuple[OutsideRule, ...], complete: bool
) -> None:
    assert replace(SMALL, outside=outside).is_complete(number) is complete


def test_a_number_that_another_one_of_the_company_goes_on_from_is_not_complete() -> None:
    longer = replace(SMALL.groups["night"], number="10021")
    assert not replace(SMALL, outside=(), groups={**SMALL.groups, "night": longer}).is_complete("1002")
