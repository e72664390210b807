"""Where facts go: the database, and files of lines."""

import asyncio
import json
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol, assert_never

import structlog

from ari_app.errors import HistoryUnavailable
from ari_app.history import writing
from ari_app.history.database import PRIVATE, BadContent, Database
from ari_app.history.port import Written
from ari_app.records import queue_log, wire
from ari_app.records.model import AgentStateRecord, CallRecord, DispositionRecord, Fact
from ari_app.store.port import KeptFact

log = structlog.get_logger(__name__)

type Positioned = tuple[str, KeptFact]
type Lines = Callable[[KeptFact], Sequence[str]]


class Sink(Protocol):
    """Something that facts are written to."""

    @property
    def name(self) -> str: ...

    async def prepare(self) -> None:
        """Before anything is written, and again as often as one likes. Raises: HistoryUnavailable."""

    async def write(self, page: Sequence[Positioned]) -> None:
        """All of it, or none; what is there already is not written again.

        Raises:
            HistoryUnavailable: to be tried again.
        """


class DatabaseSink:
    """What cannot be written for its own content is set aside: it holds up nothing. `written` gets what was there
    already, too."""

    name = "database"

    def __init__(
        self, database: Database, clock: Callable[[], float], aside: Callable[[], None], written: Written
    ) -> None:
        self._database = database
        self._clock = clock
        self._aside = aside
        self._written = written
        self.migrated = False

    async def prepare(self) -> None:
        """Raises: HistoryUnavailable."""
        if not self.migrated:
            await self._database.migrate()
            self.migrated = True

    async def write(self, page: Sequence[Positioned]) -> None:
        """Raises: HistoryUnavailable."""
        facts: list[tuple[KeptFact, Fact]] = []
        for _, kept in page:
            try:
                facts.append((kept, wire.read(kept.kind, kept.data)))
            except ValueError as error:
                await self._set_aside(kept, f"cannot be read ({type(error).__name__})")
        try:
            await self._write([fact for _, fact in facts])
        except BadContent:
            for kept, fact in facts:
                try:
                    await self._write([fact])
                except BadContent as error:
                    await self._set_aside(kept, f"the database refuses it ({error})")

    async def _write(self, facts: Sequence[Fact]) -> None:
        """Raises: HistoryUnavailable, BadContent."""
        await writing.write(self._database, facts)
        self._written(facts)

    async def _set_aside(self, kept: KeptFact, reason: str) -> None:
        log.warning("fact_set_aside", key=kept.key, kind=kept.kind, reason=reason)
        self._aside()
        await writing.set_aside(self._database, kept.key, kept.kind, kept.data, reason, self._clock())


LATELY = 1_000
"""Facts of which a file knows that it has them: more than are added to the stream again, because nobody knew whether it
had them."""


class LineFile:
    """A file to which lines are added, and beside it a small one (`….place`) that says how far it is, and which facts
    were added last: the stream may have one twice.

    Whoever was ended in between goes on where the place says: what was added after it is removed, and added again.
    Where the file is shorter than that it was rotated, and is added to as it is.
    """

    def __init__(self, name: str, path: Path, lines: Lines) -> None:
        self.name = name
        self._path = path
        self._place = path.with_name(f"{path.name}.place")
        self._lines = lines
        self._after: tuple[int, ...] | None = None
        self._lately: dict[str, None] = {}

    async def prepare(self) -> None:
        """There is nothing to be done."""

    async def write(self, page: Sequence[Positioned]) -> None:
        """Raises: HistoryUnavailable."""
        try:
            await asyncio.to_thread(self._write, page)
        except OSError as error:
            self._after = None  # what was added is not known: look at the place again
            raise HistoryUnavailable(f"{self._path}: {error.strerror or error}") from error

    def _write(self, page: Sequence[Positioned]) -> None:
        if self._after is None:
            self._after = self._go_on()
        after = self._after
        new = [(position, kept) for position, kept in page if order(position) > after]
        if not new:
            return
        once: dict[str, KeptFact] = {}
        for _, kept in new:
            if kept.key not in self._lately:
                once.setdefault(kept.key, kept)
        lately = [*self._lately, *once][-LATELY:]
        text = "".join(f"{line}\n" for kept in once.values() for line in self._lines(kept))
        self._path.touch(PRIVATE)
        with self._path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        last = new[-1][0]
        fresh = self._place.with_name(f"{self._place.name}.new")
        with fresh.open("w") as place:
            json.dump({"after": last, "size": size, "lately": lately}, place)
            place.flush()
            os.fsync(place.fileno())
        fresh.replace(self._place)
        self._after, self._lately = order(last), dict.fromkeys(lately)

    def _go_on(self) -> tuple[int, ...]:
        try:
            place = json.loads(self._place.read_text())
            after, size = order(place["after"]), int(place["size"])
            self._lately = dict.fromkeys(map(str, place.get("lately", ())))
        except FileNotFoundError:
            return ()
        except (ValueError, KeyError, TypeError):
            log.warning("history_place_lost", file=str(self._place))
            return ()
        if self._path.exists() and self._path.stat().st_size > size:
            os.truncate(self._path, size)
        return after


def json_lines(kept: KeptFact) -> Sequence[str]:
    """One document, with what makes it the same fact when it comes twice."""
    head = json.dumps({"key": kept.key, "kind": kept.kind})
    return [f'{head[:-1]}, "fact": {kept.data.decode("utf-8", "replace")}}}']


def queue_log_lines(queues_of: Callable[[str], Collection[str]]) -> Lines:
    """Lines of Asterisk's `queue_log`; `queues_of`: which queues an agent serves. What cannot be read has none: the
    database sets it aside."""

    def lines(kept: KeptFact) -> Sequence[str]:
        try:
            fact = wire.read(kept.kind, kept.data)
        except ValueError:
            return ()
        match fact:
            case CallRecord():
                return [str(line) for line in queue_log.lines_of_call(fact)]
            case AgentStateRecord():
                return [str(line) for line in queue_log.lines_of_state(fact, queues_of(fact.agent))]
            case DispositionRecord():
                return ()
            case _:
                assert_never(fact)

    return lines


def order(position: str) -> tuple[int, ...]:
    """Positions in a stream: numbers, parted by dashes."""
    return tuple(int(part) for part in position.split("-"))
