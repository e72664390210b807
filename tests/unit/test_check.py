"""`ari-app check` without an Asterisk."""

import io
import os
from pathlib import Path

import pytest

from ari_app.__main__ import main
from ari_app.ari.findings import Reads
from ari_app.check import notes
from tests.support.soundfiles import wav

ASTERISK = Path(__file__).parents[2] / "asterisk"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARI_APP_ARI_PASSWORD", "ARI_APP_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_offline_needs_no_environment_and_takes_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    file = ASTERISK / "callcentre.yaml"
    assert main(["check", "--offline", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: 7 agents, 3 groups\nno faults\n"


def test_offline_takes_the_file_of_the_environment_where_none_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARI_APP_CONFIG", str(tmp_path / "mine.yaml"))
    assert main(["check", "--offline"]) == 1
    said = capsys.readouterr()
    assert said.err == f"{tmp_path}/mine.yaml: cannot be read: No such file or directory\n"
    assert said.out == f"{tmp_path}: Asterisk's files are looked at when mine.yaml has no fault\n1 fault\n"


class Piped:
    """Standard input with this in it."""

    def __init__(self, text: str) -> None:
        self.buffer = io.BytesIO(text.encode())


def test_a_file_of_the_host_comes_by_standard_input_and_is_checked_in_place_of_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ASTERISK / "callcentre.yaml").read_text().replace("    numbers: [", "    numbers: []  # [")
    monkeypatch.setenv("ARI_APP_CONFIG", str(tmp_path / "callcentre.yaml"))
    (tmp_path / "extensions.conf").write_text("[a]\nexten => 1,1,Stasis(callcontrol,group,saless)\n")
    monkeypatch.setattr("sys.stdin", Piped(text))
    assert main(["check", "--offline", "-"]) == 1
    assert capsys.readouterr().out == (
        "standard input: 7 agents, 3 groups\n"
        f"{tmp_path}/extensions.conf:2: a 1: callcentre.yaml has no group 'saless'\n1 fault\n"
    )
    monkeypatch.setattr("sys.stdin", Piped(text.replace("offer_timeout: 15", "offer_timeout: soon")))
    assert main(["check", "--offline", "-"]) == 1
    assert "settings.offer_timeout: must be a valid number; it is 'soon'\n" in capsys.readouterr().err


def test_a_sound_file_that_nobody_would_hear_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text((ASTERISK / "callcentre.yaml").read_text())
    for name in ("sounds/fr/welcome.wav", "music/sales/song.wav"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(wav(channels=2, rate=44_100))
    assert main(["check", "--offline", str(file)]) == 1
    *_, prompt, song, verdict = capsys.readouterr().out.splitlines()
    assert prompt.startswith(f"{tmp_path}/sounds/fr/welcome.wav: is PCM, 2 channels, 44100 Hz, 16 bit: ")
    assert song.startswith(f"{tmp_path}/music/sales/song.wav: is PCM, 2 channels")
    assert verdict == "2 faults"


READ = 1_790_000_000  # seconds


@pytest.mark.parametrize(
    ("dialplan", "modules", "expected"),
    [
        (READ, READ, []),
        (READ - 1, READ, ["extensions.conf", "more.conf"]),
        (READ, READ - 0.5, ["pjsip.conf"]),
    ],
)
def test_files_that_are_newer_than_what_runs_are_named_each(
    tmp_path: Path, dialplan: float, modules: float, expected: list[str]
) -> None:
    (tmp_path / "extensions.conf").write_text("#include more.conf\n")
    for name in ("pjsip.conf", "more.conf"):
        (tmp_path / name).write_text("")
    for file in tmp_path.iterdir():
        os.utime(file, (READ, READ + 0.7))
    found = notes(tmp_path, Reads(dialplan, modules))
    assert [Path(note.split(":")[0]).name for note in found] == expected
    for note in found:
        command = "module reload res_pjsip.so" if "pjsip.conf" in note else "dialplan reload"
        assert note.endswith(f"`{command}` is due")
        assert "is newer than what runs, which was read at 2026-09-21T14:13:" in note


def test_a_dialplan_that_does_not_say_when_it_was_read_is_shown_how(tmp_path: Path) -> None:
    assert notes(tmp_path, Reads(None, READ)) == []
    (tmp_path / "extensions.conf").write_text("")
    (note,) = notes(tmp_path, Reads(None, READ))
    assert "its [globals] need `DIALPLAN_READ_AT = ${EPOCH}`" in note


def test_what_the_dialplan_hands_over_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text((ASTERISK / "callcentre.yaml").read_text())
    assert main(["check", "--offline", str(file)]) == 0
    assert "the dialplan was not looked at" in capsys.readouterr().out
    dialplan = (ASTERISK / "extensions.conf").read_text().replace("(group,support)", "(group,saless)")
    (tmp_path / "extensions.conf").write_text(dialplan)
    assert main(["check", "--offline", str(file)]) == 1
    assert "callcentre.yaml has no group 'saless'" in capsys.readouterr().out


def test_of_several_asterisks_each_is_looked_at_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "x" * 20)
    monkeypatch.setenv("ARI_APP_ASTERISKS", "one=http://127.0.0.1:1 two=http://127.0.0.1:2")
    monkeypatch.setenv("ARI_APP_ADVERTISE", "http://127.0.0.1:3")
    assert main(["check", str(ASTERISK / "callcentre.yaml")]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("one: http://127.0.0.1:1: no connection")
    assert second.startswith("two: http://127.0.0.1:2: no connection")


def test_asking_asterisk_takes_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(ASTERISK / "callcentre.yaml")]) == 2
    assert "ARI_APP_ARI_PASSWORD" in capsys.readouterr().err
