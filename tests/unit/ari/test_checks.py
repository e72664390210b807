"""What `ari-app check` says of an Asterisk's version and interface."""

from pathlib import Path
from typing import Any

import pytest

from ari_app.ari.checks import Checks, transfer_progress_at
from ari_app.ari.failures import AriError, Unreachable
from ari_app.ari.findings import NEEDED_MODULES, PAGE_PHONE_MODULES, Reads, Subject, Wanted


@pytest.mark.parametrize("version", ["22.10.1", "22.9.0", "20.99.0", "23.4.2", "certified-22.8", "GIT-master-1234"])
def test_the_transfer_key_is_not_taken_where_one_transfer_ends_asterisk(version: str) -> None:
    (finding,) = transfer_progress_at(version)
    assert (finding.subject, finding.name) == (Subject.SETTING, "transfer_progress")
    assert f"must be false with Asterisk {version}" in finding.advice


@pytest.mark.parametrize("version", ["22.11.0", "22.11.0-rc1", "22.12.3", "23.5.0", "24.0.0"])
def test_it_may_be_where_that_is_mended(version: str) -> None:
    assert transfer_progress_at(version) == []


class Client:
    """An Asterisk that has all its modules, and these variables with every channel (ari.conf)."""

    def __init__(self, channelvars: str) -> None:
        self.channelvars = channelvars

    async def call(self, repository: str, operation: str, **arguments: Any) -> Any:
        if operation == "listModules":
            return [{"name": name, "status": "Running"} for name in NEEDED_MODULES]
        assert arguments["variable"] == "AST_CONFIG(ari.conf,general,channelvars)"
        return {"value": self.channelvars}


@pytest.mark.parametrize("channelvars", ["CALLERID(pres)", "FOO, CALLERID(pres)", "", "FOO,CALLERID(num)"])
async def test_asterisk_must_tell_what_callers_withhold(channelvars: str) -> None:
    client: Any = Client(channelvars)
    findings = await Checks(client, client, "channel", "routing-points").findings(Wanted())
    reported = "CALLERID(pres)" in channelvars
    assert [(finding.subject, finding.name) for finding in findings] == (
        [] if reported else [(Subject.ARI, "ari.conf")]
    )


class Musical:
    """An Asterisk with these variables in its files, that plays these paths."""

    def __init__(self, variables: dict[str, str], *played: str) -> None:
        self.variables = {"AST_CONFIG(ari.conf,general,channelvars)": "CALLERID(pres)", **variables}
        self.played = played

    async def call(self, repository: str, operation: str, **arguments: Any) -> Any:
        match operation:
            case "listModules":
                return [{"name": name, "status": "Running"} for name in NEEDED_MODULES]
            case "getGlobalVar":
                return {"value": self.variables.get(arguments["variable"], "")}
            case "getInfo":
                return {"status": {"last_reload_time": "2026-11-28T18:22:35.500+0000"}}
            case _:
                return {"value": self.variables.get(arguments["variable"], "")}

    async def plays(self, path: str) -> bool:
        return path in self.played


async def music(client: Any, folder: Path | None = None) -> list[str]:
    """What is said of the class `sales`."""
    checks = Checks(client, client, "channel", "routing-points")
    findings = await checks.findings(Wanted(music_classes=("sales",), folder=folder))
    assert all((finding.subject, finding.name) == (Subject.MUSIC, "sales") for finding in findings)
    return [finding.advice for finding in findings]


async def test_a_class_of_music_must_be_there() -> None:
    assert await music(Musical({})) == ["musiconhold.conf has no class [sales]"]


async def test_a_directory_of_music_has_files_and_a_text_is_none(tmp_path: Path) -> None:
    directory = {"directory": "/etc/asterisk/music/sales", "mode": "files"}
    client = Musical({f"AST_CONFIG(musiconhold.conf,sales,{name})": value for name, value in directory.items()})
    (tmp_path / "music" / "sales").mkdir(parents=True)
    (tmp_path / "music" / "sales" / "README.md").write_text("ours")
    none = "there are no files in /etc/asterisk/music/sales, the directory of that class"
    assert await music(client, tmp_path) == [none]
    (tmp_path / "music" / "sales" / "song.wav").write_bytes(b"")
    assert await music(client, tmp_path) == []
    assert await music(client, None) == []


async def test_each_entry_of_a_playlist_is_played_or_named() -> None:
    listed = "AST_CONFIG(musiconhold.conf,sales,"
    mode = {f"{listed}mode)": "playlist"}
    assert await music(Musical(mode)) == ["the playlist of that class has no entry"]
    entries = ("/srv/one", "/srv/two.wav", "custom/three", "https://music.example/four")
    numbered = {f"{listed}entry,{index})": entry for index, entry in enumerate(entries)}
    assert await music(Musical({**mode, **numbered}, "/srv/one", "custom/three")) == [
        f"Asterisk cannot play the entry {entry}: it must be an absolute path without its ending"
        for entry in ("/srv/two.wav", "custom/three")
    ]


async def test_music_that_a_program_makes_is_its_own_affair() -> None:
    assert await music(Musical({"AST_CONFIG(musiconhold.conf,sales,mode)": "custom"})) == []


@pytest.mark.parametrize(("said", "read"), [("1790000000", 1_790_000_000.0), ("", None), ("${EPOCH}", None)])
async def test_when_the_files_that_run_were_read(said: str, read: float | None) -> None:
    client: Any = Musical({"DIALPLAN_READ_AT": said})
    assert await Checks(client, client, "channel", "routing-points").reads() == Reads(read, 1795890155.5)


class Sorcery(Client):
    """An Asterisk that takes accounts of these kinds from outside."""

    def __init__(self, *kinds: str, away: bool = False) -> None:
        super().__init__("CALLERID(pres)")
        self.kinds = kinds
        self.away = away
        self.kept: set[str] = set()

    async def call(self, repository: str, operation: str, **arguments: Any) -> Any:
        if operation == "listModules":
            return [{"name": name, "status": "Running"} for name in (*NEEDED_MODULES, *PAGE_PHONE_MODULES[1:])]
        return await super().call(repository, operation, **arguments)

    async def configure(self, kind: str, name: str, fields: dict[str, str]) -> None:
        if self.away:
            raise Unreachable("gone")
        if kind not in self.kinds:
            raise AriError(403, "Cannot create sorcery objects")
        self.kept.add(kind)

    async def unconfigure(self, kind: str, name: str) -> None:
        self.kept.discard(kind)


async def test_phones_in_the_page_need_modules_and_places_for_their_accounts() -> None:
    client: Any = Sorcery("auth", "endpoint")
    findings = await Checks(client, client, "channel", "routing-points").findings(Wanted(page_phones=True))
    assert [(f.subject, f.name) for f in findings] == [
        (Subject.MODULE, PAGE_PHONE_MODULES[0]),
        (Subject.PHONE, "page_phone"),
    ]
    assert "`aor = memory`" in findings[1].advice
    assert client.kept == set()


async def test_an_asterisk_that_goes_away_meanwhile_lacks_nothing() -> None:
    client: Any = Sorcery(away=True)
    with pytest.raises(Unreachable):
        await Checks(client, client, "channel", "routing-points").findings(Wanted(page_phones=True))
