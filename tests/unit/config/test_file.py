"""The administrator's file: all of it or nothing, with every fault by file, line and field."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from ari_app.config.credentials import hash_password
from ari_app.config.errors import ConfigError, ConfigInvalid
from ari_app.config.file import Configuration, load, parse
from ari_app.config.references import section_of
from ari_app.config.schema import SkillEntry
from ari_app.config.voicemail import VoicemailEntry
from ari_app.routing.directory import Monitoring, Purpose, Role
from ari_app.routing.targets import TargetType, parse_target

DEMO = Path(__file__).parents[3] / "asterisk" / "callcentre.yaml"

SMALL = """\
agents:
  alice:
    name: Alice
    phone: "1001"
    password: secret
    groups: [support]
    skills: {french: 3}
groups:
  support:
    name: Support
    number: "2000"
skills:
  french: {name: French}
"""


def faults(text: str) -> list[str]:
    """Each fault as `line field message`."""
    with pytest.raises(ConfigInvalid) as invalid:
        parse(text, "cc.yaml")
    assert all(error.file == "cc.yaml" for error in invalid.value.errors)
    return [f"{e.line} {e.field} {e.message}" for e in invalid.value.errors]


# -- the demo ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> Configuration:
    return load(DEMO)


def test_the_demo_has_its_agents(demo: Configuration) -> None:
    table = {a.id: (a.name, a.phone, a.role, a.groups, dict(a.skills)) for a in demo.directory.agents.values()}
    assert table == {
        "alice": ("Alice Martin", "1001", Role.AGENT, ("support",), {"french": 5, "billing": 2}),
        "bob": ("Bob Lefèvre", "1002", Role.AGENT, ("support",), {"french": 2}),
        "carol": ("Carol Nguyen", "1003", Role.AGENT, ("support", "sales"), {"english": 5}),
        "dave": ("Dave Müller", "1004", Role.AGENT, ("sales",), {"english": 4, "french": 3}),
        "erin": ("Erin O'Brien", "1005", Role.SUPERVISOR, (), {}),
        "frank": ("Frank Zola", "1006", Role.AGENT, ("night",), {}),
        "admin": ("Administrator", None, Role.ADMIN, (), {}),
    }
    assert {a: c.password for a, c in demo.credentials.items()} == {a: f"{a}-demo" for a in table}


def test_the_demo_has_its_numbers(demo: Configuration) -> None:
    d = demo.directory
    assert {g.number: g.id for g in d.groups.values()} == {"2000": "support", "2001": "sales", "2002": "night"}
    assert {r.number: r.id for r in d.routing_points.values()} == {"4000": "billing", "4001": "plain"}
    assert dict(d.routing_points["billing"].user_data) == {"topic": "billing", "priority": "high"}
    assert [r.favourite for r in d.routing_points.values()] == [True, False]
    sales = d.queues["sales"]
    assert (sales.number, sales.groups, sales.max_wait) == ("3000", ("sales",), 60)
    assert sales.overflow == parse_target("group:support")
    assert [g.show_available for g in d.groups.values()] == [True, True, False]
    assert all(g.enabled_for == frozenset(Purpose) for g in d.groups.values())
    assert d.settings.offer_timeout == 15


def test_the_demo_lets_supervisors_listen_and_does_not_tell_agents(demo: Configuration) -> None:
    assert demo.directory.settings.monitoring == Monitoring(enabled=True, agents_told=False)


def test_supervisors_may_listen_only_where_the_file_says_so_and_agents_are_notified_unless_it_says_not() -> None:
    assert parse(SMALL).directory.settings.monitoring == Monitoring(enabled=False, agents_told=True)
    on = parse(SMALL + "settings:\n  monitoring: {enabled: true}\n").directory.settings.monitoring
    assert on == Monitoring(enabled=True, agents_told=True)
    wrong = faults(SMALL + "settings:\n  monitoring: {enabled: perhaps, reported: true}\n")
    assert [fault.split()[1] for fault in wrong] == ["settings.monitoring.enabled", "settings.monitoring.reported"]


def test_the_demo_has_its_caller_ids(demo: Configuration) -> None:
    d = demo.directory
    assert d.agents["alice"].caller_ids == ("support", "sales", "alice-direct", "anonymous")
    assert d.agents["carol"].caller_ids == ("support", "sales", "anonymous")
    assert d.agents["dave"].caller_ids == ("support", "sales")
    assert d.caller_ids["alice-direct"].number == "+33140001001"
    assert d.caller_ids["anonymous"].anonymous
    assert d.caller_ids_enabled_for == frozenset(Purpose)


@pytest.mark.parametrize(
    ("number", "goes_out"),
    [("+33123456789", True), ("0123", True), ("123456", True), ("12345", False), ("+", False), ("112", False)],
)
def test_the_demo_lets_these_numbers_out(demo: Configuration, number: str, goes_out: bool) -> None:
    assert (demo.directory.outside_number(number) == number) is goes_out


def test_recording_is_off_unless_it_is_switched_on(demo: Configuration) -> None:
    assert (demo.directory.settings.recording, demo.directory.settings.recordings_folder) == (True, "calls")
    bare = parse("settings: {}\n").directory.settings
    assert (bare.recording, bare.recordings_folder) == (False, "")


def test_the_demo_has_no_feature_codes_and_no_talk_detection(demo: Configuration) -> None:
    settings = demo.directory.settings
    assert (dict(settings.feature_codes), settings.feature_timeout, settings.talk_detection) == ({}, 3.0, False)


def test_feature_codes_as_the_demo_suggests_them() -> None:
    text = DEMO.read_text().replace("  # feature_", "  feature_").replace("feature_timeout: 3", "feature_timeout: 2")
    settings = parse(text).directory.settings
    assert dict(settings.feature_codes) == {"transfer": "*1", "conference": "*2", "hold": "*3", "cancel": "*0"}
    assert settings.feature_timeout == 2.0


def test_announcements_are_in_asterisks_terms(demo: Configuration) -> None:
    announcements = demo.directory.settings.announcements
    assert announcements["invalid_number"] == "sound:pbx-invalid"
    assert announcements["ready"] == "sound:do-not-disturb,sound:de-activated"


# -- what is wrong is said, with its line -----------------------------------------------------------------------------


def test_a_small_file_is_enough() -> None:
    directory = parse(SMALL).directory
    assert directory.agents["alice"].groups == ("support",)
    assert directory.groups["support"].number == "2000"


def test_the_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"none\.yaml: cannot be read: No such file"):
        load(tmp_path / "none.yaml")


def test_the_file_must_be_utf8(tmp_path: Path) -> None:
    path = tmp_path / "cc.yaml"
    path.write_bytes("agents:\n  x: é".encode("latin-1"))
    with pytest.raises(ConfigInvalid, match=r"cc\.yaml:2: is not UTF-8"):
        load(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1  is empty"),
        ("- a\n", "1  must be sections such as agents: and groups:"),
        ("agents:\n  x: [\n", "3  not YAML"),
        ("agents:\n\tx: 1\n", "2  not YAML"),
        ("groups: {}\nagents: {a: \x01}\n", "2  not YAML"),
        ("agents: {}\n---\nagents: {}\n", "2  not YAML"),
        ("groups: &a\n  x: *a\n", "2 groups.x an alias that contains itself"),
        ("groups:\n  x: {name: A}\n  x: {name: B}\n", "3 groups.x given twice, first in line 2"),
        ("groups:\n  ? [a]\n  : b\n", "2 groups a key must be a name"),
        ("groups: !!python/object:os.system {}\n", "1"),
        ("groups: [x]\n", "1 groups must be a mapping"),
        ("outside: x\n", "1 outside must be a list"),
        ("agent:\n  x: 1\n", "1 agent is not a section; there are: agents, groups"),
        ("groups:\n  'a b': {name: X}\n", "2 groups.a b an id must be"),
        ("groups:\n  x: text\n", "2 groups.x must be a mapping of names to values"),
        ("groups:\n  x:\n", "2 groups.x must be a mapping of names to values"),
        ("settings:\n  conferences: yes\n", "2 settings.conferences must be a valid boolean; it is 'yes'"),
        ("settings:\n  offer_timeout: soon\n", "2 settings.offer_timeout must be a valid number; it is 'soon'"),
        ("settings:\n  fallback: group:x\n", "2 settings.fallback group:x is not in this file"),
        ("settings:\n  fallback: nobody\n", "2 settings.fallback 'nobody' is not a target"),
        ("settings:\n  feature_codes: {transfer: '*12345678'}\n", "2 settings.feature_codes.transfer must be 1 to 8"),
        ("settings:\n  feature_codes: {transfer: '*A'}\n", "2 settings.feature_codes.transfer must be 1 to 8 of"),
        ("settings:\n  feature_codes: {transfer: ''}\n", "2 settings.feature_codes.transfer must be 1 to 8 of"),
        ("settings:\n  feature_codes: {park: '*1'}\n", "2 settings.feature_codes.park is not known here"),
        (
            "settings:\n  feature_codes: {transfer: '*1', hold: '*12'}\n",
            "2 settings.feature_codes hold *12 begins with transfer *1: it could never be dialled",
        ),
        ("settings:\n  feature_codes: {transfer: 1, hold: 1}\n", "2 settings.feature_codes hold 1 begins with"),
        ("settings:\n  feature_timeout: 0\n", "2 settings.feature_timeout must be greater than 0"),
        ("settings:\n  talk_detection: yes\n", "2 settings.talk_detection must be a valid boolean"),
        ("outside:\n  - pattern: '('\n", "2 outside.0.pattern is not a regular expression"),
        ("outside:\n  - pattern: '0(.*)'\n    replace: '\\2'\n", "2 outside.0 replace does not fit"),
        ("announcements:\n  goodby: bye\n", "2 announcements.goodby is not an announcement; there are: "),
        ("announcements:\n  conference_join: 'tone:ring'\n", "2 announcements.conference_join must be a sound file"),
        ("settings:\n  recording: {folder: ../x}\n", "2 settings.recording.folder must be a folder such as calls"),
        ("settings:\n  recording: {folder: /x}\n", "2 settings.recording.folder must be a folder such as calls"),
        ("settings:\n  recording: {folder: a/}\n", "2 settings.recording.folder must be a folder such as calls"),
        ("settings:\n  recording: {folder: a//b}\n", "2 settings.recording.folder must be a folder such as calls"),
        ("settings:\n  recording: {folder: 'a\\n'}\n", "2 settings.recording.folder must be a folder such as calls"),
        ("announcements:\n  goodbye: 'rm -rf'\n", "2 announcements.goodbye must be the name of a sound"),
        ("caller_ids:\n  x: {name: X, for: everybody}\n", "2 caller_ids.x give either a number or anonymous"),
        (
            "caller_ids:\n  x: {anonymous: true, for: ['skill:s']}\nskills: {s: {name: S}}\n",
            "2 caller_ids.x.for.0 must be agents and groups, or everybody",
        ),
        (
            "routing_points:\n  x:\n    name: X\n    number: '1'\n    user_data: {a: b}\n",
            "2 routing_points.x user_data is attached by corporate favourites only",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_named(text: str, expected: str) -> None:
    assert faults(text)[0].startswith(expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: Alice", "nam: Alice", ["2 agents.alice.name is missing", "3 agents.alice.nam is not known here"]),
        ("[support]", "[support, x]", ["6 agents.alice.groups.1 'x' is not one of the groups of this file"]),
        ("french: 3}", "frensh: 3}", ["7 agents.alice.skills.frensh 'frensh' is not one of the skills of this file"]),
        ("french: 3}", "french: 0}", ["7 agents.alice.skills.french must be greater than or equal to 1"]),
        ('"2000"', '"1001"', ["11 groups.support.number 1001 is taken by agents alice (line 4)"]),
        ("    password: secret\n", "", ["2 agents.alice give either password_hash"]),
        ("password: secret", "password_hash: secret", ["5 agents.alice.password_hash is not an argon2 hash"]),
        ('    phone: "1001"\n', "", ["2 agents.alice an agent needs a phone"]),
        ('"1001"', '"10 01"', ["4 agents.alice.phone must be a SIP user"]),
        ('"2000"', '"20x"', ["11 groups.support.number must be a number to dial"]),
        ("name: Alice", "name: 5", ["3 agents.alice.name must be text; put it into quotes; it is 5"]),
        ("name: Alice", "name: true", ["3 agents.alice.name must be text; put it into quotes; it is true"]),
    ],
)  # fmt: skip
def test_a_fault_in_a_file_that_was_right(old: str, new: str, expected: list[str]) -> None:
    found = faults(SMALL.replace(old, new, 1))
    assert len(found) == len(expected)
    for one, begin in zip(found, expected, strict=True):
        assert one.startswith(begin)


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = SMALL.replace("[support]", "[x]").replace("{name: French}", "{nam: F}") + "queue: {}\n"
    found = faults(text)
    assert [f.split(" ")[:2] for f in found] == [
        ["6", "agents.alice.groups.0"],
        ["13", "skills.french.nam"],
        ["13", "skills.french.name"],
        ["14", "queue"],
    ]


IN_ORDER = """\
agents:
  alice: {name: Alice, phone: "1001", password: secret, groups: [front]}
  bob: {name: Bob, phone: "1002", password: secret, groups: [front]}
  dave: {name: Dave, phone: "1004", password: secret, groups: [night]}
groups:
  night: {name: Night}
  front:
    name: Front
    ring: in_order
    order: [bob, alice]
"""


def test_a_group_may_ring_in_an_order_of_its_own() -> None:
    group = parse(IN_ORDER).directory.groups["front"]
    assert (group.ring, group.order) == ("in_order", ("bob", "alice"))


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ("[bob, carol]", "order.1 'carol' is not one of the agents of this file"),
        ("[dave]", "order.0 'dave' is not a member of this group: see agents.dave.groups"),
        ("[bob, alice, bob]", "order.2 'bob' is named twice"),
        ("[1001]", "order.0 must be text; put it into quotes; it is 1001"),
    ],
)
def test_an_order_names_members_each_once(order: str, complaint: str) -> None:
    assert faults(IN_ORDER.replace("[bob, alice]", order)) == [f"10 groups.front.{complaint}"]


def test_only_a_group_that_rings_in_order_has_one() -> None:
    text = IN_ORDER.replace("ring: in_order", "ring: all")
    assert faults(text) == ["7 groups.front order goes with ring: in_order only"]


def test_queues_must_not_overflow_in_a_ring() -> None:
    text = SMALL + (
        "queues:\n"
        "  a: {name: A, groups: [support], overflow: 'queue:b'}\n"
        "  b: {name: B, groups: [support], overflow: 'queue:a'}\n"
        "  c: {name: C, groups: [support], overflow: 'queue:a'}\n"
    )
    assert faults(text) == [
        "15 queues.a.overflow callers would overflow in a ring: a → b → a",
        "16 queues.b.overflow callers would overflow in a ring: b → a → b",
    ]


@pytest.mark.parametrize(
    "secret",
    [
        "password: [hunter2]\n    password_hash: hunter2",
        "password_hash: hunter2",
        "passwort: hunter2",
        "password: 6482739",
        "password: true",
        f"password: {'hunter2' * 200}",
    ],
)
def test_secrets_are_not_in_faults(secret: str) -> None:
    reported = " ".join(faults(SMALL.replace("password: secret", secret)))
    for part in ("hunter2", "6482739", "it is"):
        assert part not in reported


def test_a_scalar_in_place_of_an_agent_is_not_reported_for_it_may_be_their_password() -> None:
    assert faults("agents:\n  alice: hunter2\n") == ["2 agents.alice must be a mapping of names to values"]


def test_a_long_value_is_shown_up_to_where_anybody_would_read() -> None:
    (fault,) = faults(f"settings:\n  offer_timeout: {'soon' * 100}\n")
    assert fault == f"2 settings.offer_timeout must be a valid number; it is '{'soon' * 15}"[:-1] + "…"


def test_numbers_need_no_quotes_where_yaml_does_not_spoil_them() -> None:
    text = SMALL.replace('"1001"', "1001").replace('"2000"', "0123")
    directory = parse(text).directory
    assert directory.agents["alice"].phone == "1001"
    assert directory.groups["support"].number == "0123"


def test_words_that_yaml_takes_for_something_else_are_words() -> None:
    text = SMALL.replace("alice:", "no:").replace("name: Alice", "name: 2001-01-01")
    assert parse(text).directory.agents["no"].name == "2001-01-01"


def test_a_hash_is_taken_as_it_is() -> None:
    known = hash_password("x")
    configuration = parse(SMALL.replace("password: secret", f"password_hash: {known}"))
    assert configuration.credentials["alice"].password_hash == known
    assert known not in repr(configuration)


def faults_of(text: str) -> tuple[ConfigError, ...]:
    """Its faults, or none."""
    try:
        parse(text)
    except ConfigInvalid as invalid:
        return invalid.errors
    return ()


@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_has_faults_in_its_lines(text: str) -> None:
    assert all(0 <= error.line <= len(text.splitlines()) + 1 for error in faults_of(text))


@given(st.data())
def test_any_line_of_the_demo_may_be_lost(data: st.DataObject) -> None:
    lines = DEMO.read_text().splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    replacement = data.draw(st.sampled_from([[], ["  x: 1"], ["-"], ["    ? {"], [lines[at] + " #"], [lines[at] * 2]]))
    errors = faults_of("\n".join([*lines[:at], *replacement, *lines[at + 1 :]]))
    assert all(error.message and error.line for error in errors)


_ENTRIES = {
    "agents": '{{name: B, password: secret, phone: "{number}"}}',
    "groups": '{{name: B, number: "{number}"}}',
    "queues": '{{name: B, number: "{number}", groups: [support]}}',
    "routing_points": '{{name: B, number: "{number}"}}',
}


@pytest.mark.parametrize("section", [name for kind in TargetType if (name := section_of(kind)) is not None])
def test_a_number_reaches_one_target_whatever_its_kind(section: str) -> None:
    without: dict[str, type[BaseModel]] = {"skills": SkillEntry, "voicemail": VoicemailEntry}
    if section in without:
        assert not without[section].model_fields.keys() & {"phone", "number"}, "it has no number of its own"
        return
    entry = _ENTRIES[section].format(number="1001")
    separate = SMALL if f"\n{section}:\n" in f"\n{SMALL}" else f"{SMALL}{section}:\n"
    text = f"\n{separate}".replace(f"\n{section}:\n", f"\n{section}:\n  b: {entry}\n").lstrip("\n")
    (found,) = faults(text)
    assert "1001 is taken by agents" in found


@pytest.mark.parametrize("character", ["\\r\\n", "\\e", "\\u202e", "\\x07", "\\u200b"])
def test_a_name_has_nothing_in_it_that_nobody_sees(character: str) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        parse(f'groups:\n  x: {{name: "A{character}B"}}\n')
    assert [(e.line, e.field, e.message) for e in invalid.value.errors] == [
        (2, "groups.x.name", "has a control character in it, or one that nobody sees")
    ]


@pytest.mark.parametrize("cost", ["m=8,t=2,p=1", "m=4194304,t=2,p=1", "m=19456,t=1000,p=1", "m=19456,t=2,p=64"])
def test_a_hash_costs_neither_so_little_that_it_is_guessed_nor_so_much_that_logins_stop(cost: str) -> None:
    made = hash_password("a good one").replace("m=19456,t=2,p=1", cost)
    with pytest.raises(ConfigInvalid, match="out of bounds"):
        parse(f'agents:\n  a: {{name: A, phone: "1", password_hash: "{made}"}}\n')
