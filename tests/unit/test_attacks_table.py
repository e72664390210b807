"""The table of attacks is true: each finding of the review has one, with tests that exist, and from where it comes."""

from __future__ import annotations

import pytest

from tests.runner.steps import commands
from tests.security.attacks import LOOPBACK, NETWORK, WITHIN, Attack, Try, alone, attacks

FINDINGS = {f"R{number}" for number in (*range(1, 27), 28)}
"""Of the review; what has no number was found since."""
ALL = attacks()


def test_every_finding_of_the_review_has_an_attack_and_no_attack_is_of_another() -> None:
    assert {finding for attack in ALL for finding in attack.findings} == FINDINGS


@pytest.mark.parametrize("attack", ALL, ids=lambda attack: attack.what[:60])
def test_each_attack_has_tests_that_exist_and_comes_from_where_they_try_it(attack: Attack) -> None:
    assert attack.tries, "no test tries it"
    assert [each.node for each in attack.tries if f"def {each.name}(" not in each.file.read_text()] == []
    assert attack.sources == {each.source for each in attack.tries}


def test_where_a_test_tries_from_is_seen_by_where_it_stands() -> None:
    places = {
        "network/test_strangers": NETWORK,
        "e2e/test_situations_trunk": LOOPBACK,
        "unit/api/test_floods": LOOPBACK,
        "unit/api/test_id_token": WITHIN,
        "unit/audit/test_chain": WITHIN,
        "e2e/test_containers_closed": WITHIN,
    }
    assert {place: Try(place, "test_it").source for place in places} == places


def test_attacks_come_from_other_addresses_and_from_a_network() -> None:
    tried = [each.source for attack in ALL for each in attack.tries]
    assert tried.count(NETWORK) > 15
    assert tried.count(LOOPBACK) > 50


def test_a_row_says_what_from_where_and_by_which_tests() -> None:
    row = "| R2, R9 | Somebody knocks | network, within | `network/test_a::test_b`, `test_c::test_d` |"
    (attack,) = attacks(f"\n## Attacks\n\n| | what is tried | from | by |\n|---|---|---|---|\n{row}\n")
    assert attack.findings == ("R2", "R9")
    assert (attack.what, attack.sources) == ("Somebody knocks", frozenset((NETWORK, WITHIN)))
    assert [each.node for each in attack.tries] == [
        "tests/network/test_a.py::test_b",
        "tests/e2e/test_c.py::test_d",
    ]


def test_the_step_security_runs_those_that_need_no_parts_unless_the_pure_tests_are_run_beside_it() -> None:
    runs = commands("security", ())[-1]
    assert {*alone()} <= {*runs}
    assert "tests/unit/api/test_id_token.py::test_what_nobody_signed_is_refused" in runs
    assert not [word for word in runs if word.startswith(("tests/e2e", "tests/contract", "tests/network"))]
    assert {*alone()}.isdisjoint(commands("security", (), ("unit", "security"))[-1])
