"""`ari-app check`: is the file valid, does the dialplan hand over what it has, has the running Asterisk the rest?"""

import sys
from pathlib import Path

from ari_app.ari.checks import Wanted, connect
from ari_app.ari.failures import AriError
from ari_app.config import dialplan
from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import Configuration, load
from ari_app.config.settings import ProcessSettings
from ari_app.routing.directory import Directory


async def check(file: Path, application: str, settings: ProcessSettings | None) -> int:
    """Print all that is wrong with the file and its surroundings; without `settings` Asterisk is not asked.

    The exit status: 0 where nothing was found, 1 for faults, or where Asterisk cannot be asked.
    """
    try:
        configuration = load(file)
    except ConfigInvalid as invalid:
        print(invalid, file=sys.stderr)
        return 1
    directory = configuration.directory
    print(f"{file}: {len(directory.agents)} agents, {len(directory.groups)} groups: valid")
    if directory.outside and directory.settings.company is None:
        print(f"{file}: settings.company is not given: calls to people outside are anonymous")
    found = _dialplan(directory, file.parent, application)
    if settings is not None:
        missing = await _asterisk(file, configuration, settings)
        if missing is None:
            return 1
        found += missing
        print(f"{found} faults found" if found else "everything that the file speaks of is there")
    return 1 if found else 0


def _dialplan(directory: Directory, folder: Path, application: str) -> int:
    faults = dialplan.faults(directory, folder, application)
    if faults is None:
        print(f"{folder / dialplan.FILE}: not there, so that the dialplan was not looked at")
        return 0
    for fault in faults:
        print(fault)
    return len(faults)


async def _asterisk(file: Path, configuration: Configuration, settings: ProcessSettings) -> int | None:
    """How much is missing; None: it cannot be asked."""
    directory = configuration.directory
    own_music = {queue.music_class for queue in directory.queues.values() if queue.music_class}
    wanted = Wanted(
        phones=tuple(agent.phone for agent in directory.agents.values() if agent.phone),
        trunks=(directory.settings.trunk,),
        music_classes=tuple(sorted({directory.settings.music_class, *own_music})),
        entries=tuple(point.number for point in directory.routing_points.values()),
        sounds=tuple(s for sounds in directory.settings.announcements.values() for s in sounds.split(",") if s),
        languages=dialplan.languages(file.parent),
        folder=file.parent if (file.parent / "musiconhold.conf").is_file() else None,
        modules=("func_talkdetect.so",) if directory.settings.talk_detection else (),
        transfer_progress=directory.settings.transfer_progress,
    )
    try:
        password = settings.ari_password.get_secret_value()
        async with connect(settings.ari_url, settings.ari_user, password, settings.stasis_app) as checks:
            version = await checks.version()
            findings = await checks.findings(wanted)
    except AriError as error:
        print(f"{settings.ari_url}: {error}", file=sys.stderr)
        return None
    print(f"{settings.ari_url}: Asterisk {version}")
    for finding in findings:
        print(f"{file}: {finding.subject.value} {finding.name}: {finding.advice}")
    return len(findings)
