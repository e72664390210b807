"""A restart on a file with faults runs the last configuration that had none."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import parse
from ari_app.configured import Kept, read, since_kept
from ari_app.store.port import KeptConfiguration
from ari_app.testing.store import MemoryStore

DEMO = Path(__file__).parents[2] / "asterisk" / "callcentre.yaml"
AT = 1_800_000_000.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "callcentre.yaml"
    file.write_text(DEMO.read_text().replace("groups: [support]", "groups: [suport]"))
    return file


def has(text: str, origin: str = "") -> Kept:
    store = MemoryStore()

    async def kept() -> KeptConfiguration | None:
        await store.keep_configuration(KeptConfiguration(text.encode(), AT, origin))
        return await store.kept_configuration()

    return kept


async def test_a_file_without_faults_is_what_runs_and_what_is_kept() -> None:
    configured = await read(DEMO, "/srv/ours", has("nothing of this"))
    assert configured.faults == ()
    assert configured.to_keep == KeptConfiguration(DEMO.read_bytes(), configured.at, "/srv/ours")
    assert configured.at > AT - 1_000_000_000


async def test_with_faults_the_last_good_one_runs_and_the_log_says_so(file: Path) -> None:
    with capture_logs() as logs:
        configured = await read(file, "", has(DEMO.read_text()))
    assert configured.at == AT
    assert set(configured.configuration.directory.agents) >= {"alice", "bob"}
    assert [e.field for e in configured.faults] == ["agents.alice.groups.0", "agents.bob.groups.0"]
    assert {line["log_level"] for line in logs} == {"error"}
    assert [line["event"] for line in logs] == [*["configuration_faulty"] * 2, "last_good_configuration_runs"]
    assert logs[-1]["since"] == "2027-01-15T08:00:00+00:00"
    assert "alice-demo" not in repr(configured)


@pytest.mark.parametrize("text", ["", "agents: []", None])
async def test_with_no_last_good_one_the_faults_end_it(file: Path, text: str | None) -> None:
    async def nothing() -> None:
        return None

    with pytest.raises(ConfigInvalid) as invalid:
        await read(file, "", nothing if text is None else has(text))
    assert "suport" in str(invalid.value)


@pytest.mark.parametrize(("origin", "last"), [("/srv/ours", "/srv/ours"), ("/srv/ours", ""), ("", "/srv/demo")])
async def test_the_last_good_one_runs_where_it_came_from_the_same_place_or_nobody_knows_from_where(
    file: Path, origin: str, last: str
) -> None:
    configured = await read(file, origin, has(DEMO.read_text(), last))
    assert (configured.at, configured.origin) == (AT, origin)


async def test_the_demonstrations_people_do_not_serve_in_place_of_ones_own_faulty_file(file: Path) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        await read(file, "/srv/ours", has(DEMO.read_text(), "/srv/demo"))
    assert "agents.alice.groups.0: 'suport'" in str(invalid.value)
    assert str(invalid.value.errors[-1]) == (
        f"{file}: what ran last came from /srv/demo, and does not run in place of what is in /srv/ours"
    )


def test_what_has_changed_while_nothing_ran_is_on_record_and_no_secret_is() -> None:
    text = DEMO.read_text()
    now = parse(text)
    assert since_kept(None, now) == {"configuration": "the first"}
    assert since_kept(KeptConfiguration(text.encode(), AT), now) == {}
    before = text.replace("password: alice-demo", "password: another-secret").replace("name: Alice", "name: Alicia")
    found = since_kept(KeptConfiguration(before.encode(), AT), now)
    assert found["credentials.alice"] == "changed"
    assert "Alicia" in found["agents.alice.name"]
    assert "secret" not in repr(found)
    assert "another version" in since_kept(KeptConfiguration(b"groups: 7", AT), now)["configuration"]
