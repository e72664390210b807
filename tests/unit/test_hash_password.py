"""`ari-app hash-password`: nobody sees what they type, so it is typed twice."""

import io

import pytest

from ari_app.__main__ import main
from ari_app.config.credentials import Credential, check_password


class Terminal(io.StringIO):
    """Standard input of somebody who types."""

    def isatty(self) -> bool:
        return True


def typed(monkeypatch: pytest.MonkeyPatch, *passwords: str) -> None:
    """These are typed, one after the other."""
    waiting = iter(passwords)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(waiting))


def test_the_same_twice_is_hashed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed(monkeypatch, "correct horse", "correct horse")
    assert main(["hash-password"]) == 0
    assert check_password(Credential(None, capsys.readouterr().out.strip()), "correct horse")


def test_two_that_differ_make_no_hash(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed(monkeypatch, "correct horse", "correct house")
    assert main(["hash-password"]) == 1
    assert capsys.readouterr() == ("", "the two passwords differ\n")


def test_none_is_no_password(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed(monkeypatch, "")
    assert main(["hash-password"]) == 2
    assert capsys.readouterr() == ("", "no password given\n")


def test_a_script_gives_it_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    assert main(["hash-password"]) == 0
    assert check_password(Credential(None, capsys.readouterr().out.strip()), "correct horse")
