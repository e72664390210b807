"""The database of the history: how it is reached, brought to this version, and its errors as ours.

Nothing of SQLAlchemy's exceptions leaves this room.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DataError as BadData
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ari_app.errors import HistoryUnavailable

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 30
BUSY_SECONDS = 10
"""Seconds that one who wants to write SQLite's file waits for another who does."""
_LOCK = 0x61726961
_WRITES = "ari_app_writes"
_POSTGRESQL, _SQLITE = "postgresql+psycopg", "sqlite+aiosqlite"
PRIVATE = 0o640
"""Of a file that is made: it tells of people, and nobody else on the machine reads it."""
MIGRATIONS = Path(__file__).parent / "migrations"


class BadContent(Exception):
    """The database is there and refuses what it is given: the same will be refused again."""


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Whatever goes wrong in it is ours. Raises: HistoryUnavailable, BadContent."""
    try:
        yield
    except (IntegrityError, BadData) as error:
        raise BadContent(type(error.orig).__name__) from error
    except DBAPIError as error:
        if isinstance(error.orig, ValueError | OverflowError | TypeError | UnicodeError):
            raise BadContent(type(error.orig).__name__) from error
        raise HistoryUnavailable(f"the history's database fails ({type(error.orig).__name__})") from error
    except (UnicodeError, OverflowError) as error:
        raise BadContent(type(error).__name__) from error
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise HistoryUnavailable(f"the history's database cannot be reached ({type(error).__name__})") from error


class Database:
    """`url`: `sqlite:///<file>` or `postgresql://user:password@host:port/name`. Connects when it is used first."""

    def __init__(self, url: str) -> None:
        address = make_url(url)
        self.sqlite = address.get_backend_name() == "sqlite"
        self.file = Path(address.database) if self.sqlite and address.database else None
        # One who reads does not wait for one who writes; and nobody waits for a database that is away for long.
        given: dict[str, Any] = {"timeout": BUSY_SECONDS} if self.sqlite else _postgresql()
        self.engine: AsyncEngine = create_async_engine(
            address.set(drivername=_SQLITE if self.sqlite else _POSTGRESQL),
            connect_args=given,
            pool_pre_ping=not self.sqlite,
            pool_timeout=CONNECT_SECONDS,
            hide_parameters=True,  # names and numbers, which errors would show
        )
        if self.sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare)
            event.listen(self.engine.sync_engine, "begin", _begin)
        self._writing = self.engine.execution_options(**{_WRITES: True})

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection. Raises: HistoryUnavailable."""
        with errors():
            async with self.engine.connect() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed in the end. Raises: HistoryUnavailable, BadContent."""
        with errors():
            async with self._writing.begin() as connection:
                yield connection

    async def migrate(self) -> None:
        """Bring it to this version; of several who do at once, one does. Raises: HistoryUnavailable."""
        if self.file is not None:
            with errors():
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self.file.touch(PRIVATE)
        async with self.writing() as connection:
            await connection.run_sync(upgrade)

    async def scour(self) -> None:
        """Have what was removed leave the disk: SQLite keeps it in its log until that is written into the database. Of
        PostgreSQL that is its administrator's concern.

        Raises:
            HistoryUnavailable: others use it all the time, or it cannot be reached; what was removed is removed all the
                same.
        """
        if not self.sqlite:
            return
        with errors():
            async with self.engine.connect() as connection:
                raw: Any = (
                    await connection.get_raw_connection()
                ).driver_connection  # for this may be in no transaction
                busy, *_ = await (await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchone()
        if busy:
            raise HistoryUnavailable("the history's log is in use, and may have in it what was removed")

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def upgrade(connection: Connection, to: str = "head") -> None:
    """Within one transaction: who comes second waits, and finds it done."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    command.upgrade(_alembic(connection), to)


def downgrade(connection: Connection, to: str) -> None:
    """Back to an earlier version, or with `base` to none."""
    command.downgrade(_alembic(connection), to)


def _alembic(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _postgresql() -> dict[str, Any]:
    return {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "ari_app",
        # Of a database without an encoding (SQL_ASCII, where the machine had no locale) text would come as bytes.
        "client_encoding": "utf8",
        "options": f"-c statement_timeout={STATEMENT_SECONDS * 1000}",
        # A database that died without a word is noticed.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": STATEMENT_SECONDS * 1000,
    }


def _prepare(connection: Any, _: object) -> None:
    """Transactions are begun by `_begin` alone: sqlite3 itself would begin none before a table is made."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA secure_delete=ON")  # what is removed is overwritten: it tells of people
    cursor.close()


def _begin(connection: Connection) -> None:
    """Who will write waits for the others now: who begins to write after others did, in vain."""
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
