"""What an examination sees of a history: its version, who may read its files, and why it is away."""

from pathlib import Path

import pytest
from sqlalchemy import text

from ari_app.errors import HistoryUnavailable
from ari_app.history.database import Database
from ari_app.history.vitals import Vitals, vitals


async def test_whoever_examines_it_sees_which_version_it_has_and_makes_nothing(url: str) -> None:
    if url.startswith("sqlite"):
        with pytest.raises(HistoryUnavailable) as away:
            await vitals(url)
        assert "there is no " in away.value.reason
        with pytest.raises(HistoryUnavailable):
            await vitals(url)  # it was not made by that
    else:
        assert (await vitals(url)).version == ""
    database = Database(url)
    await database.migrate()
    found = await vitals(url)
    assert found == Vitals(found.wanted, found.wanted)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'v9999'"))
    assert await vitals(url) == Vitals("v9999", found.wanted, known=False)
    await database.close()


async def test_files_of_the_history_that_everybody_may_read_are_seen(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/history.db")
    await database.migrate()
    (tmp_path / "history.db").chmod(0o644)
    (tmp_path / "another").touch(0o666)
    assert (await vitals(f"sqlite:///{tmp_path}/history.db")).readable == (f"{tmp_path}/history.db",)
    await database.close()


async def test_a_history_that_is_away_is_a_finding_with_its_reason() -> None:
    with pytest.raises(HistoryUnavailable) as away:
        await vitals("postgresql://u:p@127.0.66.6:1/x")
    assert away.value.reason
