"""`ari-app audit`: reads the record of who did what out of Redis, chooses lines of it, and verifies all of it.

The exit status is 0 where nothing is missing or changed, 1 where something is, or Redis is not reached.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from ari_app.audit.chain import Entry, Kept, Line, Link, Verifier, read
from ari_app.config.settings import ProcessSettings
from ari_app.configured import opened_audit
from ari_app.errors import StoreUnavailable
from ari_app.operations.text import plain
from ari_app.store.port import AuditTrail

_DONE, _FAILED = 0, 1
_PAGE = 500
_TRIES = 5
_ANCHOR = re.compile(r"([0-9]{1,15}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which lines are wanted: all that are given have to fit. Times in seconds since the epoch."""

    agent: str | None = None
    number: str | None = None
    call: str | None = None
    what: str | None = None
    since: float | None = None
    until: float | None = None

    def wants(self, entry: Entry) -> bool:
        """Whether this is one of them."""
        return (
            (self.agent is None or self.agent in (entry.who, *entry.agents, _agent(entry.details.get("target", ""))))
            and (self.number is None or any(same_number(self.number, n) for n in entry.numbers.values()))
            and (self.call is None or self.call in (entry.call, entry.details.get("of"), *_calls(entry)))
            and (self.what is None or self.what == entry.what)
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


def _calls(entry: Entry) -> list[str]:
    """Those of a line that stands for several."""
    return entry.details.get("calls", "").split()


def _agent(target: str) -> str:
    return target.removeprefix("agent:") if target.startswith("agent:") else ""


def same_number(wanted: str, kept: str) -> bool:
    """Whether it is the same number, however it is written: `number:+33 1…` and `+331…`."""
    return digits_of(wanted) == digits_of(kept) != ""


def digits_of(number: str) -> str:
    """What is dialled of a number."""
    return re.sub(r"[^0-9+*#]", "", number.removeprefix("number:"))


def moment(text: str) -> float:
    """A time as it is typed, ISO 8601; without a zone it is UTC. Raises: ValueError."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()


def anchor(text: str) -> Link:
    """`<number>:<hash>`, as `audit_anchor` in the log has it. Raises: ValueError."""
    match = _ANCHOR.fullmatch(text)
    if match is None:
        raise ValueError("an anchor is a number and a hash, as in the log (audit_anchor)")
    return Link(int(match[1]), match[2])


def run(settings: ProcessSettings, choice: Choice, anchors: list[Link], *, as_json: bool) -> int:
    """Print what is wanted, and in the end what is wrong."""

    async def show() -> int:
        async with opened_audit(settings) as trail:
            return await shown(trail, choice, anchors, print, as_json=as_json)

    try:
        return asyncio.run(show())
    except StoreUnavailable as error:
        print(f"Redis: {error.detail}", file=sys.stderr)
        return _FAILED


async def shown(
    trail: AuditTrail, choice: Choice, anchors: list[Link], write: Callable[[str], None], *, as_json: bool
) -> int:
    """Write the lines, and what they come to; the exit status. Raises: StoreUnavailable."""
    kept = await begun(trail)
    verifier, count = Verifier(kept, anchors), 0
    async for line in lines(trail, kept):
        verifier.feed(line)
        count += 1
        try:
            entry = read(line)
        except ValueError:
            continue  # the verifier has said so
        if choice.wants(entry):
            write(json.dumps(_document(line, entry), ensure_ascii=False) if as_json else shown_as(line, entry))
    verifier.end()
    faults = verifier.faults
    if as_json:
        ends = {"first": kept.begin.number + 1, "last": str(kept.end)}
        write(json.dumps({"lines": count, **ends, "faults": faults}))
    else:
        for fault in faults[:20]:
            write(f"! {fault}")
        end = f"{count} lines, {kept.begin.number + 1} to {kept.end}"
        write(f"{end}: {'nothing is missing or changed' if not faults else f'{len(faults)} faults'}")
    return _FAILED if faults else _DONE


async def begun(trail: AuditTrail) -> Kept:
    """Where it begins and ends, once what is too old is not being forgotten just then. Raises: StoreUnavailable."""
    for _ in range(_TRIES):
        kept, first = await trail.audit_kept(), await trail.audit("", 1)
        if not first or first[0][1].link.number == kept.begin.number + 1:
            break
    return kept


async def lines(trail: AuditTrail, kept: Kept) -> AsyncIterator[Line]:
    """Those that there were when `kept` was read, in order. Raises: StoreUnavailable."""
    position = ""
    while page := await trail.audit(position, _PAGE):
        for at, line in page:
            if line.link.number > kept.end.number:
                return
            position = at
            yield line


def shown_as(line: Line, entry: Entry) -> str:
    """A line for people: when, who, from where, what, on which call, about whom, and what came of it."""
    at = datetime.fromtimestamp(entry.at, UTC).isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
    values: Mapping[str, str] = {**entry.details, **entry.numbers}
    words = [f"{line.link.number:>7}", at, entry.who or "-", entry.address or "-", entry.what, entry.outcome]
    words += [f"call={entry.call}"] if entry.call else []
    words += [f"agents={','.join(entry.agents)}"] if entry.agents else []
    words += [f"{name}={value}" for name, value in values.items()]
    return plain("  ".join(words))


def _document(line: Line, entry: Entry) -> dict[str, object]:
    fields = {name: value for name, value in asdict(entry).items() if name not in {"details", "numbers"}}
    return {
        "number": line.link.number, "hash": line.link.hash, **fields,
        "details": dict(entry.details), "numbers": dict(entry.numbers),
    }  # fmt: skip
