"""`python -m tests.bots run|check`: scenario files, from a terminal or CI."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from tests.bots import report
from tests.bots.runner import Result, Target, run
from tests.bots.scenario import Scenario, ScenarioError, load
from tests.bots.sip import Address

USAGE_ERROR = 2


def _address(value: str) -> Address:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{value!r} is not host:port")
    return host, int(port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bots", description="Call bots that listen: run scenarios against an Asterisk."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="run scenario files; exit code 0 all passed, 1 some failed")
    running.add_argument("--asterisk", type=_address, default=("127.0.0.1", 5060), metavar="HOST:PORT")
    running.add_argument("--api", metavar="URL", help="the controller; without it such scenarios are skipped")
    running.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS", help="where the phones are")
    running.add_argument("--carrier", type=_address, default=("127.0.0.2", 5080), metavar="HOST:PORT")
    running.add_argument("--report-dir", type=Path, metavar="DIR", help="junit.xml and a picture a scenario")
    running.add_argument("files", nargs="+", type=Path)
    checking = commands.add_parser("check", help="read scenario files and name what is wrong, line by line")
    checking.add_argument("files", nargs="+", type=Path)
    return parser


def _read(files: list[Path]) -> list[tuple[Path, Scenario]] | None:
    scenarios, broken = [], False
    for file in files:
        try:
            scenarios.append((file, load(file)))
        except ScenarioError as error:
            print(error, file=sys.stderr)
            broken = True
    return None if broken else scenarios


async def _run_all(scenarios: list[tuple[Path, Scenario]], target: Target) -> list[Result]:
    results = []
    for file, scenario in scenarios:
        results.append(await run(scenario, str(file), target))
        print(report.text(results[-1]), flush=True)
    return results


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 all passed, 1 some failed, 2 a file or an argument is wrong."""
    options = _parser().parse_args(arguments)
    scenarios = _read(options.files)
    if scenarios is None:
        return USAGE_ERROR
    if options.command == "check":
        print(f"{len(scenarios)} scenarios are well formed")
        return 0
    target = Target(options.asterisk, options.bind, options.carrier, options.api)
    results = asyncio.run(_run_all(scenarios, target))
    if options.report_dir is not None:
        for path in report.write(results, options.report_dir):
            print(f"written: {path}")
    print(report.summary(results))
    return 0 if all(result.passed or result.skipped for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
