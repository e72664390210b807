"""`ari-app import`: lines of a spreadsheet become agents of the file, which is otherwise as it was."""

import os
from pathlib import Path

import pytest

from ari_app.__main__ import main
from ari_app.config.credentials import Credential, check_password
from ari_app.config.file import load, parse
from ari_app.config.phones import phone_digest
from tests.support.documents import ROOT

FILE = """\
# The call centre
agents:            # people
  alice:
    name: Alice    # the first
    phone: "1001"
    password: alice-own
    groups:
      - front      # in the morning
      - back
    # what they can do
    skills: {french: 5}

  bob: {name: Bob, phone: 1002, password: bob-own, groups: [front]}  # in one line
# behind the agents
groups:
  front: {name: Front, number: "2000"}
  back: {name: Back}
skills: {french: {name: French}, billing: {name: Billing}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE)
    return file


def imported(file: Path, csv: str, *arguments: str) -> int:
    rows = file.parent / "agents.csv"
    rows.write_text(csv)
    return main(["import", str(rows), "--into", str(file), *arguments])


def test_new_agents_stand_behind_the_last_one_and_all_else_is_as_it_was(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = (
        "id,name,phone,secret,password,groups,skills,role,max_calls,call_waiting\n"
        'grace,"Hopper, Grace",1007,secret-of-the-phone,grace-own,front back,"french 5, billing 2",,3,yes\n'
        "\n"
        "heidi,Heidi,1008,,heidi-own,,,supervisor,,\n"
    )
    assert imported(file, csv, "--write") == 0
    assert capsys.readouterr().err == f"2 new, 0 changed, 0 as they are; {file}: written\n"
    text = file.read_text()
    begin, end = FILE.split("# behind the agents")
    assert text.startswith(begin.rstrip("\n"))
    assert text.endswith("\n# behind the agents" + end)
    configuration = parse(text)
    grace, heidi = (configuration.directory.agents[name] for name in ("grace", "heidi"))
    assert (grace.name, grace.phone, grace.groups, dict(grace.skills)) == (
        "Hopper, Grace",
        "1007",
        ("front", "back"),
        {"french": 5, "billing": 2},
    )
    assert (grace.max_calls, grace.call_waiting, heidi.role.value, heidi.phone) == (3, True, "supervisor", "1008")
    assert configuration.phones["1007"].digest == phone_digest("1007", "secret-of-the-phone")
    assert check_password(configuration.credentials["grace"], "grace-own")
    for secret in ("grace-own", "secret-of-the-phone"):
        assert secret not in text


def test_values_change_where_they_stand_and_comments_stay(file: Path) -> None:
    csv = (
        "id;name;groups;skills;phone;max_calls;password\n"
        "alice;Alice M;back;billing 3;;4;another\n"
        "bob;;;french:2;1012;;\n"
    )
    assert imported(file, csv, "--write") == 0
    text = file.read_text()
    hashed = parse(text).credentials["alice"].password_hash
    assert text == FILE.replace("name: Alice    #", "name: Alice M    #").replace(
        "password: alice-own", f'password_hash: "{hashed}"'
    ).replace("groups:\n      - front      # in the morning\n      - back", "groups: [back]").replace(
        "skills: {french: 5}\n", "skills: {billing: 3}\n    max_calls: 4\n"
    ).replace("phone: 1002", 'phone: "1012"').replace("groups: [front]}", "groups: [front], skills: {french: 2}}")


def test_what_is_there_already_changes_nothing_however_often(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv = (
        "id,name,phone,secret,password,groups\n"
        "grace,Grace,1007,secret-of-the-phone,grace-own,front\n"
        "bob,Bob,1002,,bob-own,front\n"
    )
    assert imported(file, csv, "--write") == 0
    once = file.read_bytes()
    capsys.readouterr()
    assert imported(file, csv, "--write") == 0
    assert file.read_bytes() == once
    assert imported(file, csv) == 0
    assert capsys.readouterr().out == ""


def test_without_write_what_would_change_is_printed_and_no_secret_of_anybody_else(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(file, "id,name,phone,password\nbob,Robert,,\ngrace,Grace,1007,grace-own\n") == 0
    shown = capsys.readouterr()
    assert file.read_text() == FILE
    assert shown.out.startswith(
        'agents:\n  bob:\n    name: Robert\n  grace:\n    name: Grace\n    phone: "1007"\n    password_hash: '
    )
    assert shown.err == f"1 new, 1 changed, 0 as they are; {file}: not changed\n"
    for secret in ("bob-own", "alice-own", "grace-own"):
        assert secret not in shown.out + shown.err


@pytest.mark.parametrize(
    ("csv", "faults"),
    [
        ("name,phone\nA,1\n", ["1: the first line must name the columns; there are: id, name, "]),
        ("id,nmae,name,name\n", ["1: nmae: is no column", "1: name: is there twice"]),
        ("id,name\na b,x\n,y\n", ["2: id: must be", "3: id: must be"]),
        ("id,name\nx,X\nx,Y\n", ["3: id: x is in line 2 already"]),
        ("id,name\nx,X,more\n", ["2: has more cells"]),
        (
            "id,skills,max_calls,call_waiting\nx,french,two,maybe\n",
            ["2: skills: ", "2: max_calls: ", "2: call_waiting: "],
        ),
        ("id,secret\nalice,hidden\n", ["2: phone: is missing"]),
        ('id,name\nx,"X\n', ["is no CSV"]),
        ("id,groups\nalice,front salse\n", ["2: groups.1: 'salse' is not one of the groups"]),
        ("id,name,phone,password\n\ngrace,Grace,2000,hidden\n", ["groups.front.number: 2000 is taken by agents grace"]),
        ("id,name,phone,password\n\ngrace,Grace,1001,hidden\n", ["3: phone: 1001 is taken by agents alice"]),
        ("id,name,phone\ngrace,Grace,1007\n", ["2: id: give either password_hash"]),
        ("id,role\nbob,boss\n", ["2: role: "]),
        ("id,name\nbob,B\x85ob\n", ["2: name: has a control character"]),
        ("id,phone,digest\nalice,1001,hidden\n", ["2: phone.digest: "]),
    ],
)
def test_all_faults_are_named_by_their_lines_and_nothing_changes(
    file: Path, capsys: pytest.CaptureFixture[str], csv: str, faults: list[str]
) -> None:
    assert imported(file, csv, "--write") == 1
    shown = capsys.readouterr()
    for fault in faults:
        assert fault in shown.err
    assert "hidden" not in shown.err
    assert shown.out == ""
    assert file.read_text() == FILE


@pytest.mark.parametrize(
    "agents", ["", "agents:\n", "agents: {}\n", "agents: {zoe: {name: Z, role: admin, password: z-own}}\n"]
)
def test_agents_come_into_a_file_that_has_none_or_has_them_in_one_line(file: Path, agents: str) -> None:
    file.write_text(f"{agents}groups: {{front: {{name: Front}}}}")
    assert imported(file, "id,name,phone,password,groups\ngrace,Grace,1007,grace-own,front\n", "--write") == 0
    agents_now = load(file).directory.agents
    assert agents_now["grace"].groups == ("front",)
    assert ("zoe" in agents_now) is ("zoe" in agents)


def test_what_aliases_share_is_not_changed_for_others(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shared = FILE.replace("groups: [front]}", "groups: *mine}").replace(
        "groups:\n      - front", "groups: &mine\n      - front"
    )
    file.write_text(shared)
    assert imported(file, "id,groups\nbob,back\n", "--write") == 1
    assert "aliases" in capsys.readouterr().err
    assert file.read_text() == shared


def test_the_demonstrations_file_takes_an_agent_and_keeps_every_line(tmp_path: Path) -> None:
    file, before = tmp_path / "callcentre.yaml", (ROOT / "asterisk" / "callcentre.yaml").read_text()
    file.write_text(before)
    os.chmod(file, 0o640)
    csv = "id,name,phone,secret,password,groups\ngrace,Grace,1007,secret-of-the-phone,grace-own,night\n"
    assert imported(file, csv, "--write") == 0
    after = file.read_text().splitlines()
    begin = after.index("  grace:")
    assert [*after[:begin], *after[begin + 5 :]] == before.splitlines()
    assert file.stat().st_mode & 0o777 == 0o640
    assert load(file).directory.agents["grace"].groups == ("night",)


def test_a_file_that_cannot_be_read_or_has_faults_of_its_own_is_named(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(file.parent / "nowhere.csv"), "--into", str(file)]) == 1
    assert "nowhere.csv: No such file" in capsys.readouterr().err
    file.write_bytes(b"agents: {\xff}")
    assert imported(file, "id\nx\n") == 1
    assert "is not UTF-8" in capsys.readouterr().err
    file.write_text("agents: {")
    assert imported(file, "id\nx\n") == 1
    assert f"{file}:2: not YAML" in capsys.readouterr().err


def test_an_agent_of_whom_the_file_says_nothing_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FILE.replace("# behind the agents", "  zoe:"))
    assert imported(file, "id,name\nzoe,Zoe\n", "--write") == 1
    assert "agents" in capsys.readouterr().err


def test_a_password_in_clear_is_known_again() -> None:
    assert check_password(Credential("x"), "x")
