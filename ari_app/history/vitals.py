"""How the history's database is, for who examines it: it is looked at, and never made or changed."""

import stat
from dataclasses import dataclass
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ari_app.errors import HistoryUnavailable
from ari_app.history.database import MIGRATIONS, Database


@dataclass(frozen=True, slots=True)
class Vitals:
    """`version` of its tables, empty where there are none, and the one that is `wanted` by this program. `known`:
    whether this program knows that version. `readable`: its files that every user of the machine may read or write."""

    version: str
    wanted: str
    known: bool = True
    readable: tuple[str, ...] = ()


async def vitals(url: str) -> Vitals:
    """Raises: HistoryUnavailable; `reason` says why it is not reached."""
    database = Database(url)
    try:
        if database.file is not None and not database.file.exists():
            raise HistoryUnavailable(f"there is no {database.file}")
        async with database.reading() as connection:
            version = await connection.run_sync(_version)
    finally:
        await database.close()
    versions = ScriptDirectory(str(MIGRATIONS))
    known = {script.revision for script in versions.walk_revisions()}
    wanted = versions.get_current_head() or ""
    return Vitals(version, wanted, not version or version in known, _readable(database.file))


def _version(connection: Connection) -> str:
    return ", ".join(sorted(MigrationContext.configure(connection).get_current_heads()))


def _readable(file: Path | None) -> tuple[str, ...]:
    found = sorted(file.parent.glob(f"{file.name}*")) if file is not None else ()
    return tuple(str(path) for path in found if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))
