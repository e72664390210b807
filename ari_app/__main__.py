"""The command line: `ari-app run`, `ari-app check`, `ari-app doctor`, …"""

import argparse
import asyncio
import getpass
import logging
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog
import uvloop
from pydantic import ValidationError

from ari_app import __version__, importing, tracing
from ari_app.check import STANDARD_INPUT, check
from ari_app.config.api_keys import SCOPES
from ari_app.config.credentials import hash_password, make_key
from ari_app.config.errors import ConfigInvalid
from ari_app.config.phones import make_phone_secret, phone_digest
from ari_app.config.settings import FileSettings, ProcessSettings
from ari_app.config.values import ID, sip_user
from ari_app.controller import Controller
from ari_app.operations import audit, calls, doctor, drain, forget, report, story
from ari_app.operations.gathering import api_url
from ari_app.replaying import run as replay
from ari_app.store.port import hash_token

_OK, _FAILED, _USAGE = 0, 1, 2
_LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 for success, 1 for a fault found, 2 for a wrong use."""
    parser = argparse.ArgumentParser(prog="ari-app", description="Call control for contact centres on Asterisk.")
    parser.add_argument("--version", action="version", version=f"ari-app {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="serve calls until stopped")
    checking = commands.add_parser("check", help="check the configuration file against the running Asterisk")
    checking.add_argument(
        "file", nargs="?", type=Path, help="the file (-: standard input); without it, the one of ARI_APP_CONFIG"
    )
    checking.add_argument("--offline", action="store_true", help="check the file and the dialplan beside it alone")
    commands.add_parser("hash-password", help="read a password, print the hash for the configuration file")
    phoning = commands.add_parser("phone-secret", help="make a secret for the phone of an agent")
    phoning.add_argument("user", help="its SIP user, which is the number that reaches the agent")
    bringing = commands.add_parser("import", help="bring agents of a spreadsheet (CSV) into callcentre.yaml")
    bringing.add_argument(
        "csv", type=Path, help="the spreadsheet (-: standard input); its first line names the columns"
    )
    bringing.add_argument("--into", type=Path, help="the file; without it, the one of ARI_APP_CONFIG")
    bringing.add_argument("--write", action="store_true", help="change it; else what would change is printed")
    keying = commands.add_parser("key", help="make a key for a program that uses the API")
    keying.add_argument("id", help="how the program is called in the file and in logs")
    keying.add_argument("scopes", nargs="+", choices=SCOPES, help="what it may do")
    replaying = commands.add_parser("replay", help="run the story of a call again (GET …/story/file)")
    replaying.add_argument("file", type=Path, help="the story, as the API gave it")
    _add_operations(commands)
    chosen = parser.parse_args(arguments)
    if (alone := _ALONE.get(chosen.command)) is not None:
        return alone(chosen)
    try:
        if chosen.command == "check":
            return _check(chosen.file, offline=chosen.offline)
        if chosen.command == "story":
            return _story(chosen.call, chosen.url, chosen.user, as_json=chosen.json)
        settings = ProcessSettings()
    except ValidationError as error:
        for fault in doctor.environment_faults(error):
            print(f"environment: {fault}", file=sys.stderr)
        return _USAGE
    _configure_logging(settings.log_level)
    if chosen.command != "run":
        return _operate(settings, chosen)
    try:
        asyncio.run(_run(settings), loop_factory=_LOOPS[settings.event_loop])
    except ConfigInvalid as invalid:
        print(invalid, file=sys.stderr)
        return _FAILED
    except OSError as error:
        print(f"{settings.api_host}:{settings.api_port}: {error.strerror or error}", file=sys.stderr)
        return _FAILED
    return _OK


def _operate(settings: ProcessSettings, chosen: argparse.Namespace) -> int:
    """What looks at the call centre, or changes something of what is stored."""
    if chosen.command == "audit":
        choice = audit.Choice(chosen.agent, chosen.number, chosen.call, chosen.what, chosen.since, chosen.until)
        return audit.run(settings, choice, chosen.anchor, as_json=chosen.json)
    if chosen.command == "forget":
        return forget.run(settings, chosen.numbers, do=chosen.do)
    if chosen.command == "report":
        wanted = report.Choice(chosen.what, chosen.begin, chosen.end, chosen.interval, chosen.tz, chosen.csv)
        return report.run(settings, wanted, _columns())
    if chosen.command == "drain":
        return drain.run(settings, chosen.asterisk, undo=chosen.undo, wait=chosen.wait)
    shown = calls.run if chosen.command == "calls" else doctor.exposure
    return shown(settings, as_json=chosen.json, columns=_columns())


def _add_operations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What looks at a call centre that runs."""
    examining = commands.add_parser("doctor", help="say what is wrong with the call centre that runs here")
    exposing = commands.add_parser("exposure", help="say all that keeps this call centre from standing on a network")
    listing = commands.add_parser("calls", help="list the calls that are up, also while the controller is down")
    telling = commands.add_parser("story", help="tell what happened to a call")
    telling.add_argument("call", help="its id, or a file with its story (GET …/story/file)")
    telling.add_argument("--user", default="admin", help="the administrator whose password is read (default: admin)")
    telling.add_argument("--url", default="", help="where the API is; without it, as the environment says")
    draining = commands.add_parser("drain", help="have an Asterisk take no new calls, and wait until it has none")
    draining.add_argument("asterisk", help="its name (ARI_APP_ASTERISKS)")
    draining.add_argument("--undo", action="store_true", help="have it take new calls again")
    draining.add_argument("--no-wait", dest="wait", action="store_false", help="say once how many calls are left")
    forgetting = commands.add_parser(
        "forget", help="remove what is stored of somebody outside; says first what that is"
    )
    forgetting.add_argument("numbers", nargs="+", metavar="number", help="theirs, in each form in which it comes")
    forgetting.add_argument("--do", action="store_true", help="do it")
    reporting = commands.add_parser("report", help="figures of queues or agents, out of the history")
    reporting.add_argument("what", choices=("queues", "agents"))
    reporting.add_argument("--from", dest="begin", help="such as 2026-11-30 or 2026-11-30T08:00 (default: today)")
    reporting.add_argument("--to", dest="end", help="before this time (default: the end of today)")
    reporting.add_argument("--interval", choices=report.INTERVALS, help="without it, the whole time alone")
    reporting.add_argument("--tz", default="", help="the time zone, such as Europe/Paris (default: settings.zone)")
    reporting.add_argument("--csv", action="store_true", help="for spreadsheets")
    auditing = commands.add_parser("audit", help="read and verify the record of who did what")
    auditing.add_argument("--agent", help="lines about this agent, whoever did it")
    auditing.add_argument("--number", help="lines about this number outside")
    auditing.add_argument("--call", help="lines about the call of this id")
    auditing.add_argument("--what", help="lines of this kind, such as login or reload")
    auditing.add_argument("--since", type=audit.moment, help="from this time on (ISO 8601; UTC unless it has a zone)")
    auditing.add_argument("--until", type=audit.moment, help="before this time")
    auditing.add_argument(
        "--anchor",
        type=audit.anchor,
        action="append",
        default=[],
        help="a line that must be there: audit_anchor of the log",
    )
    for parser in (examining, exposing, listing, telling, auditing):
        parser.add_argument("--json", action="store_true", help="for programs")


def _columns() -> int:
    """Of the terminal; where there is none, lines are as long as they have to be."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 160


def _story(call: str, url: str, user: str, *, as_json: bool) -> int:
    """Raises: ValidationError where only the environment could say where the API is, and does not."""
    reached = url or (api_url(ProcessSettings()) if not story.is_file(call) else "")
    return story.run(call, url=reached, user=user, as_json=as_json, columns=_columns(), here=not url)


async def _run(settings: ProcessSettings) -> None:
    end_traces = tracing.begin()
    controller = Controller(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, controller.stop)
    try:
        await controller.run()
    finally:
        end_traces()


def _check(file: Path | None, *, offline: bool) -> int:
    """Raises: ValidationError where the environment lacks what is needed for that."""
    settings = None if offline else ProcessSettings()
    surroundings = settings or FileSettings()
    if settings is not None:
        _configure_logging(settings.log_level)
    file = file or surroundings.config
    folder = (surroundings.config if file == STANDARD_INPUT else file).parent
    return asyncio.run(check(file, folder, surroundings.stasis_app, settings))


def _hash_password() -> int:
    """Typed twice at a terminal, as nobody sees there what they type."""
    terminal = sys.stdin.isatty()
    password = getpass.getpass("Password: ") if terminal else sys.stdin.readline().rstrip("\n")
    if terminal and password and getpass.getpass("Once more: ") != password:
        print("the two passwords differ", file=sys.stderr)
        return _FAILED
    if not password:
        print("no password given", file=sys.stderr)
        return _USAGE
    print(hash_password(password))
    return _OK


def _key(name: str, scopes: Sequence[str]) -> int:
    """The key is shown once, on standard error; what goes into the file on standard output."""
    if not ID.fullmatch(name):
        print("an id must be 1 to 64 letters, digits, '_', '.' and '-'", file=sys.stderr)
        return _USAGE
    key = make_key()
    print(f"the key, which is shown once: {key}", file=sys.stderr)
    listed = ", ".join(f'"{scope}"' for scope in dict.fromkeys(scopes))
    print(f"api_keys:\n  {name}:\n    name: {name}\n    key_hash: {hash_token(key)}\n    scopes: [{listed}]")
    return _OK


def _phone_secret(user: str) -> int:
    """As for a key."""
    try:
        sip_user(user)
    except ValueError as error:
        print(f"the SIP user {error}", file=sys.stderr)
        return _USAGE
    secret = make_phone_secret()
    print(f"the secret, which is shown once: {secret}", file=sys.stderr)
    print(f'phone: {{user: "{user}", digest: {phone_digest(user, secret)}}}')
    return _OK


def _configure_logging(level: str) -> None:
    """One JSON object a line on standard error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, format="%(name)s: %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


_ALONE: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "doctor": lambda chosen: doctor.run(as_json=chosen.json, columns=_columns()),
    "import": lambda chosen: importing.run(chosen.csv, chosen.into or FileSettings().config, write=chosen.write),
    "replay": lambda chosen: replay(chosen.file),
    "hash-password": lambda chosen: _hash_password(),
    "phone-secret": lambda chosen: _phone_secret(chosen.user),
    "key": lambda chosen: _key(chosen.id, chosen.scopes),
}
"""What needs nothing of the environment."""


if __name__ == "__main__":
    sys.exit(main())
