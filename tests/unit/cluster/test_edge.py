"""What the SIP edge makes of its environment and of the administrator's files, before it starts."""

import hashlib
import importlib.util
import sqlite3
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.documents import ROOT


@pytest.fixture(scope="module")
def edge() -> ModuleType:
    """It is a file of the image, and of no package."""
    spec = importlib.util.spec_from_file_location("prepare", ROOT / "docker" / "cluster" / "edge" / "prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def digest(user: str, password: str) -> str:
    return hashlib.md5(f"{user}:callcontrol:{password}".encode(), usedforsecurity=False).hexdigest()


def test_the_phones_of_the_demo_are_known_by_digests_of_their_secrets_and_nobody_else_is(edge: ModuleType) -> None:
    text = (ROOT / "asterisk" / "pjsip.conf").read_text()
    assert edge.secrets(text) == {str(user): digest(str(user), f"phone-{user}") for user in range(1001, 1007)}


def test_what_is_no_secret_of_a_phone_is_not_read(edge: ModuleType) -> None:
    text = """
[phone-secret](!)
type = auth
password = of-the-template

[2001](phone-secret, more)
username => 2001   ; the desk at the door
password = a=b c;comment
[2001](phone)
username = nobody
password = nothing
[trunk]
type = auth
username = company
password = of-the-trunk
"""
    assert edge.secrets(text) == {"2001": digest("2001", "a=b c")}


@pytest.mark.parametrize("fields", ["username = 2001", "password = x", 'username = "\n    password = x'])
def test_a_secret_that_cannot_be_used_is_named(edge: ModuleType, fields: str) -> None:
    with pytest.raises(edge.Wrong, match=r"\[desk\]"):
        edge.secrets(f"[desk](phone-secret)\n{fields}\n")


def test_what_is_drained_stays_so(edge: ModuleType) -> None:
    where = edge.asterisks(" asterisk-a=192.0.2.21\n asterisk-b=192.0.2.22 ")
    assert edge.dispatcher(where, ["asterisk-b", "gone"]) == (
        "1 sip:192.0.2.21:5060 0 0 weight=50;duid=asterisk-a\n1 sip:192.0.2.22:5060 4 0 weight=50;duid=asterisk-b\n"
    )


@pytest.mark.parametrize("given", ["", "a", "a=b", "a=192.0.2.1 a=192.0.2.2", 'a"=192.0.2.1', "a=192.0.2.1:5060"])
def test_asterisks_that_cannot_be_reached_so_are_refused(edge: ModuleType, given: str) -> None:
    with pytest.raises(edge.Wrong, match="EDGE_ASTERISKS"):
        edge.asterisks(given)


@pytest.mark.parametrize("carrier", ["192.0.2.9", "carrier.example:5060", "192.0.2.9:0", "192.0.2.9:x"])
def test_the_carrier_is_known_by_its_address_so_it_must_be_one(edge: ModuleType, carrier: str) -> None:
    with pytest.raises(edge.Wrong, match="EDGE_CARRIER"):
        edge.local("192.0.2.1", carrier)


def test_controllers_are_known_by_their_addresses_beside_the_secrets_of_phones(edge: ModuleType) -> None:
    assert edge.htable({"1001": "ha1"}, edge.controllers(" 192.0.2.11\n192.0.2.12 ")) == (
        'event_route[htable:mod-init] {\n    $sht(secrets=>1001) = "ha1";\n'
        '    $sht(controllers=>192.0.2.11) = "1";\n    $sht(controllers=>192.0.2.12) = "1";\n}\n'
    )
    assert edge.controllers("") == []
    with pytest.raises(edge.Wrong, match="EDGE_CONTROLLERS"):
        edge.controllers("controller-1")


def test_asterisks_are_known_by_name_to_those_who_pass_somebody_on_to_one(edge: ModuleType) -> None:
    assert edge.htable({}, (), edge.asterisks("asterisk-a=192.0.2.21")) == (
        'event_route[htable:mod-init] {\n    $sht(asterisks=>asterisk-a) = "sip:192.0.2.21:5060";\n}\n'
    )


def test_registrations_are_kept_where_a_reader_meets_no_lock(
    edge: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("standard", "usrloc"):
        (tmp_path / f"{name}-create.sql").write_text(f"create table {name} (x);")
    monkeypatch.setattr(edge, "TABLES", tmp_path)
    database = tmp_path / "location.sqlite"
    edge.make_places(database)
    with sqlite3.connect(database) as made:
        assert made.execute("pragma journal_mode").fetchone() == ("wal",)
        made.execute("insert into usrloc values (1)")
    made.close()
    edge.make_places(database)  # what is there stays
    with sqlite3.connect(database) as kept:
        assert kept.execute("select x from usrloc").fetchall() == [(1,)]
    kept.close()


def test_it_says_what_is_missing_and_does_not_start(
    edge: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EDGE_ASTERISKS", raising=False)
    assert edge.main() == 1
    assert capsys.readouterr().err == "edge: EDGE_ASTERISKS is not set\n"
