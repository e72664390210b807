"""`python -m tests.faults [row…] [--rounds N]`, as `docker/test --faults` calls it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.cluster import Asterisk, Cluster
from tests.e2e.stack import Stack
from tests.faults.figures import Conditions, Round, Row
from tests.faults.moments import Moment, moments
from tests.faults.report import line, page
from tests.faults.rows import ROWS as TALKS
from tests.faults.rows import play
from tests.faults.scene import Scene, scene, until_whole
from tests.faults.seeding import SEEDED, put_into
from tests.faults.storm import ROW as HISTORY
from tests.faults.storm import storm
from tests.faults.verbs import VERBS

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
_ONLY: dict[str, Asterisk] = {"asterisk-killed": "asterisk-a"}
"""Where all calls are that go on."""
ROWS = (*TALKS, HISTORY)
_SET_UPS = 5
"""As often calls may fail to be set up in a row of faults: the machine may be too busy for its phones."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """`rows` (all, where none is named), `rounds` (None: as many as the row has), `calls`, `seed`, `page`."""
    parser = argparse.ArgumentParser("docker/test --faults")
    names = [row.name for row in ROWS]
    parser.add_argument("rows", nargs="*", metavar="row", help=f"one of {', '.join(names)}; without any, all")
    parser.add_argument("--rounds", type=int, help="of each row; else 20, and 60 where a controller is killed")
    parser.add_argument("--calls", type=int, default=10, help="that are up all the while (3 to 17)")
    parser.add_argument("--verb", action="append", choices=list(VERBS), help="after this alone controllers are killed")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    parser.add_argument(
        "--seeded", choices=list(SEEDED), help="a fault put into the controllers; `history` has to find it"
    )
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is written")
    found = parser.parse_args(arguments)
    for row in found.rows:
        if row not in names:
            parser.error(f"unknown row {row} (there are {', '.join(names)})")
    if found.seeded and found.rows != [HISTORY.name]:
        parser.error("--seeded goes with the row history alone")
    if not 3 <= found.calls <= 17:
        parser.error("--calls must be 3 to 17")
    if found.rounds is not None and found.rounds < 1:
        parser.error("--rounds must be at least 1")
    return found


async def run(row: Row, wanted: argparse.Namespace) -> tuple[Conditions, list[Round]]:
    """All rounds of one row. Calls are set up once, and anew after a round in which something was wrong."""
    cluster = Cluster(Stack.from_environment())
    chosen = moments(wanted.seed, wanted.rounds or row.rounds, wanted.verb or list(VERBS))
    print(f"── {row.name}: {len(chosen)} rounds, seed {wanted.seed}", flush=True)
    if row is HISTORY:
        return await _histories(cluster, wanted)
    begin, found = os.getloadavg()[0], list[Round]()
    failures = 0
    while len(found) < len(chosen) and failures < _SET_UPS:
        try:
            await until_whole(cluster)
            await cluster.until(cluster.has_no_phone, "no phone is registered")
            async with scene(cluster, wanted.calls, _ONLY.get(row.name)) as now:
                await _play(row, now, chosen, found, wanted.page.parent / "stories")
        except AssertionError as complaint:
            failures += 1
            print(f"  the calls could not be set up, or did not end: {complaint}", flush=True)
    return _conditions(wanted.seed, wanted.calls, begin), found


def _conditions(seed: int, calls: int, begin: float) -> Conditions:
    """Of a row that has ended now; `begin` was the load when it began."""
    return Conditions(
        commit=os.environ.get("CC_COMMIT", "unknown"),
        day=datetime.now(UTC).date().isoformat(),
        seed=seed,
        cores=os.cpu_count() or 1,
        calls=calls,
        load=(begin, os.getloadavg()[0]),
    )


async def _histories(cluster: Cluster, wanted: argparse.Namespace) -> tuple[Conditions, list[Round]]:
    """The rounds of that row, each with a seed of its own; histories in which something is wrong are kept."""
    begin, found, rounds = os.getloadavg()[0], list[Round](), wanted.rounds or HISTORY.rounds
    await until_whole(cluster)
    await cluster.until(cluster.has_no_phone, "no phone is registered")
    async with storm(cluster) as now:
        while len(found) < rounds:
            each, history = await now.round(random.Random(f"{wanted.seed} {len(found)}"))
            found.append(each)
            print(line(len(found), rounds, each), flush=True)
            if each.wrong:
                _keep({"history": json.dumps(asdict(history), indent=1)}, wanted.page.parent / f"history-{len(found)}")
                if wanted.seeded:
                    break
    return _conditions(wanted.seed, 0, begin), found


async def _play(row: Row, now: Scene, chosen: Sequence[Moment], found: list[Round], stories: Path) -> None:
    """The rounds that are left, up to one in which something is wrong."""
    for moment in chosen[len(found) :]:
        each, kept = await play(row, now, moment)
        found.append(each)
        print(line(len(found), len(chosen), each), flush=True)
        _keep(kept, stories / f"{row.name}-{len(found)}")
        if each.wrong:
            return


def _keep(stories: Mapping[str, str], directory: Path) -> None:
    """Beside the page, for `ari-app replay`."""
    for call, story in stories.items():
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{call}.json").write_text(story)


async def _seeded(wanted: argparse.Namespace) -> int:
    """Returns 0 where the history tells of the fault, as it is said to, else 1. No page is written."""
    cluster, fault = Cluster(Stack.from_environment()), SEEDED[wanted.seeded]
    await put_into(cluster, fault)
    _, rounds = await run(HISTORY, wanted)
    caught = any(fault.says in wrong for wrong in rounds[-1].wrong)
    print(
        f"{fault.name}, so that {fault.people}: {'caught' if caught else 'NOT CAUGHT'} in {len(rounds)} rounds",
        flush=True,
    )
    return int(not caught)


async def main(arguments: Sequence[str]) -> int:
    """Returns 1 where something was lost, left behind or not run, else 0. The page is written after each row."""
    wanted = parse(arguments)
    if wanted.seeded:
        return await _seeded(wanted)
    written = PAGE.read_text() if PAGE.exists() else ""
    bad = False
    for row in ROWS:
        if wanted.rows and row.name not in wanted.rows:
            continue
        conditions, rounds = await run(row, wanted)
        bad = bad or len(rounds) < (wanted.rounds or row.rounds) or any(each.wrong for each in rounds)
        written = page(written, ROWS, [(row, conditions, rounds)])
        wanted.page.write_text(written)
    return int(bad)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
