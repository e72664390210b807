"""`ari-app report`: figures as a table that is good to read, and as CSV."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ari_app.calls.model import PartyRole
from ari_app.config.settings import ProcessSettings
from ari_app.engine.snapshots import dumped
from ari_app.errors import StoreUnavailable
from ari_app.history.database import Database
from ari_app.operations.report import Choice, period, run, running_states, shown
from ari_app.records.agent_states import OpenState
from ari_app.records.intervals import Intervals, edges
from ari_app.records.model import AgentStateRecord, Segment, SegmentEnd, SegmentKind
from ari_app.testing.history import MemoryHistory
from ari_app.testing.store import MemoryStore
from tests.unit.api.fakes import DEMO, NOW
from tests.unit.api.test_history import over

CONFIG = Path(__file__).parents[3] / "asterisk" / "callcentre.yaml"
QUEUES = Choice("queues", "2027-01-15", "2027-01-16", None, "UTC", as_csv=False)
DAY = Intervals((1_799_971_200_000, 1_800_057_600_000))


@pytest.fixture
def history() -> MemoryHistory:
    """A caller who was answered after 12 s by Alice, who talked for a minute."""
    wait = Segment(
        "p1", PartyRole.CONTACT, SegmentKind.QUEUE, NOW - 72, NOW - 60, SegmentEnd.ANSWERED, target="queue:sales"
    )
    talk = Segment("p2", PartyRole.AGENT, SegmentKind.TALK, NOW - 60, NOW, SegmentEnd.OVER, None, "alice")
    history = MemoryHistory()
    history.write([over("c1", segments=(wait, talk)), AgentStateRecord("alice", "on_call", None, NOW - 60, NOW, "c1")])
    return history


async def lines(history: MemoryHistory, choice: Choice, intervals: Intervals = DAY) -> list[str]:
    written: list[str] = []
    assert await shown(history, choice, intervals, DEMO.directory, written.append, 120) == 0
    return "\n".join(written).splitlines()


async def test_figures_of_queues_stand_below_their_names(history: MemoryHistory) -> None:
    head, row = await lines(history, QUEUES)
    assert head.split() == [
        "queue",
        "offered",
        "answered",
        "abandoned",
        "short",
        "other",
        "in",
        "time",
        "ASA",
        "longest",
        "AHT",
    ]
    assert row.split() == [
        *DEMO.directory.queues["sales"].name.split(),
        *["1", "1", "0", "0", "0", "100%", "0:12", "0:12", "1:00"],
    ]
    assert head.index("longest") + len("longest") == row.index("0:12", row.index("0:12") + 1) + 4


async def test_intervals_begin_with_their_time_in_the_zone(history: MemoryHistory) -> None:
    choice = replace(QUEUES, interval="1h", zone="Europe/Paris")
    from_, to = DAY.edges
    _, row = await lines(history, choice, Intervals(edges(from_, to, 60, ZoneInfo("Europe/Paris"))))
    assert row.startswith("2027-01-15 08:00  ")


async def test_figures_of_agents_and_sheets_of_both(history: MemoryHistory) -> None:
    head, row = await lines(history, replace(QUEUES, what="agents"))
    assert "wrap-up" in head
    assert row.startswith(DEMO.directory.agents["alice"].name)
    assert row.endswith("1:00      100%")
    for what, column in (("queues", "target"), ("agents", "agent")):
        head, row = await lines(history, replace(QUEUES, what=what, as_csv=True))
        assert head.split(",")[0] == column
        assert len(row.split(",")) == len(head.split(","))


async def test_a_quiet_time_is_said_to_be_one() -> None:
    assert await lines(MemoryHistory(), QUEUES) == ["nothing was in this time"]


@pytest.mark.parametrize(
    "wrong",
    [{"begin": "yesterday"}, {"zone": "Mars/Olympus"}, {"end": "2027-01-15"}, {"end": "2029-01-15", "interval": "15m"}],
)
def test_what_no_report_can_be_made_of_is_a_wrong_use(
    wrong: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ProcessSettings(ari_password="x", config=CONFIG)
    assert run(settings, replace(QUEUES, **wrong), 80) == 2  # type: ignore[arg-type]
    assert capsys.readouterr().err.startswith("there is no such report: ")


@pytest.mark.parametrize(
    ("choice", "begin", "hours"),
    [
        (Choice("queues", None, None, None, "Europe/Paris", as_csv=False), "2027-01-14T23:00Z", 24),
        (Choice("queues", None, None, None, "UTC", as_csv=False), "2027-01-15T00:00Z", 24),
        (Choice("queues", "2027-01-01", None, None, "UTC", as_csv=False), "2027-01-01T00:00Z", 15 * 24),
    ],
)
def test_without_times_a_report_is_of_today_where_the_call_centre_is(choice: Choice, begin: str, hours: int) -> None:
    found = period(choice, NOW).edges
    at = int(datetime.fromisoformat(begin).timestamp() * 1000)
    assert (found[0], found[-1]) == (at, at + hours * 3_600_000)


@pytest.mark.parametrize(("given", "found"), [("", "Europe/Paris"), ("UTC", "UTC")])
def test_a_report_without_a_zone_is_of_that_of_the_call_centre(
    given: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = []

    async def made(settings: ProcessSettings, choice: Choice, *_: object) -> int:
        chosen.append(choice.zone)
        return 0

    monkeypatch.setattr("ari_app.operations.report._run", made)
    text = CONFIG.read_text("utf-8").replace("\nsettings:\n", "\nsettings:\n  zone: Europe/Paris\n")
    (tmp_path / "callcentre.yaml").write_text(text, "utf-8")
    settings = ProcessSettings(ari_password="x", config=tmp_path / "callcentre.yaml")
    assert run(settings, replace(QUEUES, zone=given), 120) == 0
    assert chosen == [found]


def test_a_database_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = "postgresql://u:p@127.0.66.6:1/x"
    settings = ProcessSettings(ari_password="x", config=CONFIG, history_url=url)
    assert run(settings, QUEUES, 80) == 1
    assert "database" in capsys.readouterr().err
    settings = ProcessSettings(ari_password="x", config=tmp_path / "none.yaml")
    assert run(settings, QUEUES, 80) == 1


async def test_the_state_that_an_agent_is_in_counts_until_now(history: MemoryHistory) -> None:
    kept: dict[str, bytes | None] = {
        "state:alice": dumped(OpenState("alice", "wrap_up", None, NOW, "c1")),
        "state:bob": dumped(OpenState("bob", "logged_out", None, NOW - 100)),
        "call:c2": b"{}",
        "state:carol": b"{}",
    }
    running = running_states({key: value for key, value in kept.items() if value is not None}, NOW + 30)
    assert [(each.agent, each.ended_at - each.begun_at) for each in running] == [("alice", 30)]
    written: list[str] = []
    await shown(history, replace(QUEUES, what="agents", as_csv=True), DAY, DEMO.directory, written.append, 120, running)
    head, row = (line.split(",") for line in "\n".join(written).splitlines())
    assert dict(zip(head, row, strict=True))["logged_in"] == "90.000"


def test_without_redis_the_figures_are_there_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Away(MemoryStore):
        async def load_all(self) -> dict[str, bytes]:
            raise StoreUnavailable

    @asynccontextmanager
    async def opened(settings: ProcessSettings) -> AsyncIterator[MemoryStore]:
        yield Away()

    monkeypatch.setattr("ari_app.operations.report.opened_store", opened)
    url = f"sqlite:///{tmp_path}/history.db"
    asyncio.run(_migrate(url))
    settings = ProcessSettings(ari_password="x", config=CONFIG, history_url=url)
    assert run(settings, replace(QUEUES, what="agents"), 120) == 0
    said = capsys.readouterr()
    assert "without the states that agents are in now" in said.err
    assert "nothing was in this time" in said.out


async def _migrate(url: str) -> None:
    database = Database(url)
    await database.migrate()
    await database.close()
