"""`ari-app check` without an Asterisk."""

from pathlib import Path

import pytest

from ari_app.__main__ import main

ASTERISK = Path(__file__).parents[2] / "asterisk"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARI_APP_ARI_PASSWORD", "ARI_APP_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_offline_needs_no_environment_and_takes_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    file = ASTERISK / "callcentre.yaml"
    assert main(["check", "--offline", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: 7 agents, 3 groups: valid\n"


def test_offline_takes_the_file_of_the_environment_where_none_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARI_APP_CONFIG", str(tmp_path / "mine.yaml"))
    assert main(["check", "--offline"]) == 1
    assert capsys.readouterr().err == f"{tmp_path}/mine.yaml: cannot be read: No such file or directory\n"


def test_what_the_dialplan_hands_over_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text((ASTERISK / "callcentre.yaml").read_text())
    assert main(["check", "--offline", str(file)]) == 0
    assert "the dialplan was not looked at" in capsys.readouterr().out
    dialplan = (ASTERISK / "extensions.conf").read_text().replace("(group,sales)", "(group,saless)")
    (tmp_path / "extensions.conf").write_text(dialplan)
    assert main(["check", "--offline", str(file)]) == 1
    assert "callcentre.yaml has no group 'saless'" in capsys.readouterr().out


def test_asking_asterisk_takes_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(ASTERISK / "callcentre.yaml")]) == 2
    assert "ARI_APP_ARI_PASSWORD" in capsys.readouterr().err
