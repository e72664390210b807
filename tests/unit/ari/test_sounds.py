"""Which sound files of the administrator's Asterisk would pass over in silence."""

from pathlib import Path

import pytest

from ari_app.ari.sounds import faults
from tests.support.soundfiles import RIGHT, WRONG, wav

MODULES = "autoload = no\nload = format_gsm.so\nload=format_pcm.so\nload => format_sln.so\n  load = format_wav.so\n"


def found(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): fault for path, fault in faults(folder)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "modules.conf").write_text(MODULES)
    (tmp_path / "sounds" / "fr").mkdir(parents=True)
    (tmp_path / "music" / "sales").mkdir(parents=True)
    return tmp_path


def test_where_there_are_no_sounds_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert found(tmp_path) == {}


def test_what_asterisk_plays_is_no_fault(folder: Path) -> None:
    for name, content in RIGHT.items():
        (folder / "sounds" / "fr" / name).write_bytes(content)
    assert found(folder) == {}


@pytest.mark.parametrize("name", WRONG)
def test_what_asterisk_passes_over_is_named_with_what_it_is(folder: Path, name: str) -> None:
    content, reported = WRONG[name]
    (folder / "music" / "sales" / name).write_bytes(content)
    ((where, fault),) = found(folder).items()
    assert where == f"music/sales/{name}"
    assert fault.startswith(reported)


def test_texts_and_hidden_files_are_no_sounds_and_all_directories_are_looked_into(folder: Path) -> None:
    for name in ("README.md", "licence.txt", ".hidden.wav", "without-ending"):
        (folder / "music" / "sales" / name).write_bytes(b"text")
    (folder / "sounds" / "fr" / "menu").mkdir()
    (folder / "sounds" / "fr" / "menu" / "deep.wav").write_bytes(wav(channels=2))
    (folder / "sounds" / "flat.wav").write_bytes(wav(rate=11_025))
    assert list(found(folder)) == ["sounds/flat.wav", "sounds/fr/menu/deep.wav"]


@pytest.mark.parametrize("more", ["load = format_mp3.so", "require = format_mp3.so", "autoload = yes"])
def test_an_ending_is_right_where_its_module_is_loaded(folder: Path, more: str) -> None:
    (folder / "sounds" / "welcome.mp3").write_bytes(b"ID3")
    assert list(found(folder)) == ["sounds/welcome.mp3"]
    (folder / "modules.conf").write_text(f"load = format_wav.so\n{more}\n")
    assert found(folder) == {}


def test_without_a_list_of_modules_every_ending_of_asterisks_is_right(folder: Path) -> None:
    (folder / "modules.conf").unlink()
    for name in ("a.mp3", "b.WAV", "c.pdf"):
        (folder / "sounds" / name).write_bytes(b"x")
    assert list(found(folder)) == ["sounds/c.pdf"]


def test_a_file_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sounds" / "closed.wav").write_bytes(wav())

    (folder / "modules.conf").unlink()

    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        assert found(folder) == {"sounds/closed.wav": "cannot be read: Permission denied"}
