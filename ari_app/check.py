"""`ari-app check`: is the file valid, does the dialplan hand over what it has, has the running Asterisk the rest?"""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ari_app.api.issuer import Issuer
from ari_app.ari import sounds
from ari_app.ari.checks import READ_AT, connect
from ari_app.ari.failures import AriError
from ari_app.ari.findings import Reads, Wanted
from ari_app.config import accounts, dialplan
from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import Configuration, decode, load
from ari_app.config.settings import AsteriskPlace, ProcessSettings
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType

STANDARD_INPUT = Path("-")
_PJSIP = "pjsip.conf"


async def check(file: Path, folder: Path, application: str, settings: ProcessSettings | None) -> int:
    """Print all that is wrong with the file and with Asterisk's files in `folder`; without `settings` Asterisk is not
    requested, else each that there is. The last line says how many faults there are.

    The exit status: 0 where nothing was found, 1 for faults, or where an Asterisk cannot be reached.
    """
    try:
        configuration = decode(sys.stdin.buffer.read(), "standard input") if file == STANDARD_INPUT else load(file)
    except ConfigInvalid as invalid:
        print(invalid, file=sys.stderr, flush=True)
        if file != STANDARD_INPUT:
            print(f"{folder}: Asterisk's files are looked at when {file.name} has no fault")
        return _verdict(len(invalid.errors), "")
    name = "standard input" if file == STANDARD_INPUT else str(file)
    directory = configuration.directory
    print(f"{name}: {len(directory.agents)} agents, {len(directory.groups)} groups")
    if directory.outside and directory.settings.company is None:
        print(f"{name}: settings.company is not given: calls to people outside are anonymous")
    if not dialplan_seen(folder):
        print(f"{folder / dialplan.FILE}: not there, so that the dialplan was not looked at")
    faults = beside(configuration, folder, application)
    for fault in faults:
        print(fault)
    found = len(faults)
    if settings is None:
        return _verdict(found, "")
    prompts = prompts_of(folder)
    wanted = what_is_wanted(configuration, folder, prompts)
    missing = [await _asterisk(place, name, folder, wanted, prompts, settings) for place in settings.places]
    found += await _issuer(name, directory, settings)
    if None in missing:
        return 1
    return _verdict(found + sum(each or 0 for each in missing), ": all that the files speak of is there")


def _verdict(found: int, otherwise: str) -> int:
    """Say how many faults there are; the exit status."""
    print({0: f"no faults{otherwise}", 1: "1 fault"}.get(found, f"{found} faults"))
    return 1 if found else 0


def dialplan_seen(folder: Path) -> bool:
    """Whether the dialplan can be looked at from here."""
    return (folder / dialplan.FILE).is_file()


def beside(configuration: Configuration, folder: Path, application: str) -> list[str]:
    """The faults of Asterisk's files that are seen from here, each as one line."""
    faults = [str(fault) for fault in dialplan.faults(configuration.directory, folder, application) or ()]
    faults += [str(fault) for fault in accounts.faults(configuration.phones, folder)]
    return faults + [f"{path}: {fault}" for path, fault in sounds.faults(folder)]


async def _asterisk(
    place: AsteriskPlace, name: str, folder: Path, wanted: Wanted, prompts: Mapping[str, str], settings: ProcessSettings
) -> int | None:
    """How much is missing; None: it cannot be known."""
    of = settings.of(place)
    at = f"{of}{place.url}"
    try:
        password = settings.ari_password.get_secret_value()
        async with connect(place.url, settings.ari_user, password, settings.stasis_app) as checks:
            version = await checks.version()
            reads = await checks.reads()
            findings = await checks.findings(wanted)
    except AriError as error:
        print(f"{at}: {error}", file=sys.stderr)
        return None
    print(f"{at}: Asterisk {version}")
    for note in notes(folder, reads):
        print(f"{of}{note}")
    for finding in findings:
        where = prompts.get(f"{finding.subject.value}:{finding.name}", name)
        print(f"{of}{where}: {finding.subject.value} {finding.name}: {finding.advice}")
    return len(findings)


async def _issuer(name: str, directory: Directory, settings: ProcessSettings) -> int:
    """How much is wrong with whom agents log in by."""
    oidc = directory.settings.oidc
    if oidc is None:
        return 0
    issuer = Issuer(settings.oidc_client_secret.get_secret_value())
    try:
        faults = await issuer.faults(oidc)
    finally:
        await issuer.close()
    for fault in faults:
        print(f"{name}: settings.oidc.{fault}")
    if not faults:
        print(f"{oidc.issuer}: an issuer; it must know the redirect URI {oidc.callback}")
        if oidc.logout:
            print(f"  and {oidc.left} as a post-logout redirect URI, where it offers that")
    return len(faults)


def prompts_of(folder: Path) -> dict[str, str]:
    """The sounds that the dialplan names, as `sound:…`, each with where that stands."""
    return {f"sound:{sound}": where for sound, where in dialplan.prompts(folder).items()}


def what_is_wanted(configuration: Configuration, folder: Path, prompts: Mapping[str, str]) -> Wanted:
    """All that the running Asterisk must have for this call centre."""
    directory, brought = configuration.directory, configuration.phones
    own_music = {queue.music_class for queue in directory.queues.values() if queue.music_class}
    announced = [s for listed in _announced(directory) for s in listed.split(",") if s]
    return Wanted(
        phones=tuple(a.phone for a in directory.agents.values() if a.phone and a.phone not in brought),
        accounts=bool(brought),
        trunks=(directory.settings.trunk,),
        music_classes=tuple(sorted({directory.settings.music_class, *own_music})),
        entries=tuple(point.number for point in directory.routing_points.values()),
        sounds=tuple(dict.fromkeys((*announced, *prompts))),
        languages=dialplan.languages(folder),
        folder=folder if (folder / "musiconhold.conf").is_file() else None,
        modules=("func_talkdetect.so",) if directory.settings.talk_detection else (),
        page_phones=directory.settings.page_phone.enabled,
        transfer_progress=directory.settings.transfer_progress,
    )


def _announced(directory: Directory) -> Iterator[str]:
    yield from directory.settings.announcements.values()
    for queue in directory.queues.values():
        yield from queue.announcements.values()
    for box in directory.voicemail.values():
        yield f"{box.greeting},sound:beep"
    for kind in TargetType:
        for name in directory.listed(kind):
            opened = directory.opened(Target(kind, name))
            yield opened.closed.sounds if opened is not None else ""


def notes(folder: Path, reads: Reads) -> list[str]:
    """What of Asterisk's files is newer than what runs. No fault: whoever checks before they reload finds it so."""
    found = []
    for name, read_at, command in (
        (dialplan.FILE, reads.dialplan, "dialplan reload"),
        (_PJSIP, reads.modules, "module reload res_pjsip.so"),
    ):
        files = dialplan.files(folder, name)
        if files and read_at is None:
            found.append(
                f"{folder / name}: whether it is what runs is not known: its [globals] need `{READ_AT} = ${{EPOCH}}`, "
                f"then `{command}`"
            )
            continue
        for file in files:
            if read_at is not None and int(file.stat().st_mtime) > read_at:
                since = datetime.fromtimestamp(read_at, UTC).isoformat(timespec="seconds")
                found.append(f"{file}: is newer than what runs, which was read at {since}: `{command}` is due")
    return found
