"""What each step of `docker/test` runs, and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from tests.security import attacks

ROOT = Path(__file__).parents[2]

ALL = ("lint", "types", "imports", "unit", "security", "contract", "e2e")
STEPS = (*ALL, "network", "cluster", "faults", "soak", "day", "bench")
# Those that have a call centre; the others have no network.
IN_CALL_CENTRE = frozenset({"contract", "e2e", "network", "cluster", "faults", "soak", "day", "bench"})
# Looks into images, by Docker.
WITH_DOCKER = frozenset({"security"})
IN_CLUSTER = frozenset({"cluster", "faults"})
ON_NETWORK = frozenset({"network"})
WITH_DATABASE = frozenset({"day"})

# Some of the tests reach some of the branches. What random walks reach does not count: see tests/conftest.py.
_ALL_BRANCHES = (
    "--cov=ari_app/calls",
    "--cov=ari_app/records",
    "--cov=ari_app/routing",
    "--cov-branch",
    "--cov-fail-under=100",
)
_SOAK_WRITES = ("--page", "/reports/soak.page", "--picture", "/reports/soak.svg")
_DAY_WRITES = ("--page", "/reports/day.page", "--notes", "/reports/day.json")
# They need processors, not a call centre: one for each.
_AT_ONCE = ("--numprocesses=2", "--dist=worksteal")
# They take half the time of their step, and wait for most of it: for nodes of Redis of their own to find each other.
_FAIL_OVERS = "tests/contract/test_failover.py"
_SHELL = re.compile(r"#!.*\b(ba)?sh\b")

type Command = Sequence[str]


def shell_scripts(root: Path = ROOT) -> list[str]:
    """Whatever is written in shell."""
    files = sorted(file for name in ("docker", ".ci") for file in (root / name).rglob("*") if file.is_file())
    scripts = [file for file in files if file.suffix == ".sh" or _SHELL.match(file.read_text(errors="replace"))]
    return [str(file.relative_to(root)) for file in scripts]


def _lint(_: Sequence[str]) -> list[Command]:
    return [
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--no-cache", "--check", "."),
        ("shellcheck", "--external-sources", "--source-path=SCRIPTDIR/..", *shell_scripts()),
    ]


def _pytest(step: str, directories: Sequence[str], arguments: Sequence[str]) -> list[Command]:
    options = ("-q", "--durations=5", f"--junit-xml=/reports/{step}.xml", "-o", "cache_dir=/tmp/pytest_cache")
    return [("python", "-m", "pytest", *options, *directories, *arguments)]


def _security(arguments: Sequence[str], tried: Sequence[str] = ()) -> list[Command]:
    return [
        # Words like `password` in names are ruff's (S105), which knows where they mean nothing.
        ("bandit", "--quiet", "--skip", "B105", "--recursive", "ari_app"),
        ("python", "-m", "tests.security.sbom", "--to", "/reports"),
        *_pytest("security", ("tests/security", *tried), arguments),
    ]


_COMMANDS: Mapping[str, Callable[[Sequence[str]], list[Command]]] = {
    "lint": _lint,
    "types": lambda _: [("mypy", "--strict", "--cache-dir=/tmp/mypy", "ari_app", "tests")],
    "imports": lambda _: [("lint-imports", "--no-cache")],
    # Random walks first, for one of them takes longer than a thousand others: begun last, it would be waited for.
    "unit": lambda wanted: _pytest("unit", ("tests/properties", "tests/unit"), wanted or (*_ALL_BRANCHES, *_AT_ONCE)),
    "security": _security,
    "contract": lambda wanted: _pytest("contract", ("tests/contract",), wanted or (f"--ignore={_FAIL_OVERS}",)),
    "e2e": lambda wanted: _pytest("e2e", ("tests/e2e",), wanted),
    "network": lambda wanted: _pytest("network", ("tests/network",), wanted),
    "cluster": lambda wanted: _pytest("cluster", ("tests/cluster",), wanted),
    "faults": lambda wanted: [("python", "-m", "tests.faults", "--page", "/reports/faults.page", *wanted)],
    "soak": lambda wanted: [("python", "-m", "tests.soak", *_SOAK_WRITES, *wanted)],
    "day": lambda wanted: [("python", "-m", "tests.day", *_DAY_WRITES, *wanted)],
    "bench": lambda wanted: [("python", "-m", "tests.bench", "--reports", "/reports", *wanted)],
}


def commands(step: str, arguments: Sequence[str], beside: Collection[str] = ()) -> list[Command]:
    """What a step runs, one after the other, whatever came of those before; `arguments` are for pytest, or the benches.

    They report to the directory `/reports`. `beside`: all steps of the run, so that nothing is run twice.
    """
    if step == "security" and "unit" not in beside:
        return _security(arguments, attacks.alone())
    return _COMMANDS[step](arguments)


def apart(step: str, arguments: Sequence[str]) -> Mapping[str, Command]:
    """What is run beside these at the same call centre, each by a name of its own: it needs nothing that they use."""
    if step != "contract" or arguments:
        return {}
    (command,) = _pytest("contract.failover", (_FAIL_OVERS,), ())
    return {"failover": command}
