"""What is wrong, by the facts: pure, so that each finding can be shown by breaking exactly that."""

import re
from collections.abc import Mapping

from ari_app.ari.findings import Finding as Lack
from ari_app.ari.findings import Subject
from ari_app.calls.model import least_left
from ari_app.disk import ROOM
from ari_app.history.vitals import Vitals as HistoryVitals
from ari_app.operations.exposure import exposure
from ari_app.operations.facts import (
    Asterisk,
    Certificate,
    Controller,
    Facts,
    Files,
    Machine,
    Receiver,
    Unreached,
    Unwritten,
)
from ari_app.operations.findings import Code, Finding, Level, error, some, warning
from ari_app.store.vitals import Kind, Trouble
from ari_app.store.vitals import Vitals as RedisVitals

ALONE = "Asterisk"
"""What the only one is called."""
MAIN_VERSION = 22
"""Of Asterisk."""
OLDEST_REDIS = 6
CLOCK = 1.0
"""Seconds by which two clocks may differ."""
LATENCY = 0.02
"""Seconds in which Redis is to answer: an agent is reserved with each ring."""
MEMORY = 0.9
FEWEST = 4096
"""Open files below which a call centre of some size comes to its limit: each window is one, and each request to
Asterisk."""
USED_UP = 0.8
SOON = 21.0
"""Days: an authority may take some of them, and people be away."""
LOW = 1024 * 1024 * 1024
"""Bytes: 17 hours of recordings."""

_REFUSED: Mapping[str, tuple[str, str]] = {
    "calls": ("so many calls are up", "see whether settings.admission.calls could be more, or add an Asterisk"),
    "rate": ("so many come at once", "see who calls, and whether settings.admission.per_second could be more"),
    "late": ("its controller is late", "see what else the controller's machine has to do, and its log"),
}

_LACKS: Mapping[Subject, tuple[Code, str]] = {
    Subject.MODULE: (Code.MODULE_MISSING, "the module {} does not run in {}"),
    Subject.PHONE: (Code.PHONE_MISSING, "{1} does not have the phone {0} as it must"),
    Subject.TRUNK: (Code.TRUNK_MISSING, "{1} has no trunk {0}"),
    Subject.MUSIC: (Code.MUSIC_MISSING, "{1} does not play all of the music class {0}"),
    Subject.DIALPLAN: (Code.ENTRY_MISSING, "the dialplan that runs in {1} has no entry {0}"),
    Subject.SOUND: (Code.SOUND_MISSING, "{1} cannot play the sound {0}"),
    Subject.SETTING: (Code.SETTING_UNFIT, "the setting {} does not fit {}"),
    Subject.ARI: (Code.ARI_CONF_INCOMPLETE, "{} of {} lacks something"),
}


def diagnose(facts: Facts) -> list[Finding]:
    """Errors first; the same facts have the same findings in the same order."""
    found = [error(Code.SETTING_WRONG, fault, "correct it in the environment") for fault in facts.settings]
    found += _files(facts.files) if facts.files is not None else []
    found += exposure(facts.secrets, facts.doors)
    found += _controller(facts.controller)
    for asterisk in facts.asterisks:
        found += _asterisk(asterisk, facts)
    found += _redis(facts.redis)
    found += _history(facts.history)
    found += [finding for certificate in facts.certificates for finding in _certificate(certificate)]
    found += [finding for receiver in facts.receivers for finding in _receiver(receiver)]
    found += _machine(facts.machine)
    return sorted(found, key=lambda finding: finding.level is not Level.ERROR)


def _files(files: Files) -> list[Finding]:
    found = [error(Code.CONFIGURATION_INVALID, fault, f"correct it in {files.name}") for fault in files.faults]
    found += [error(Code.ASTERISK_FILE_INVALID, fault, "correct that file of Asterisk's") for fault in files.beside]
    if not files.dialplan_seen:
        found.append(
            warning(
                Code.DIALPLAN_UNSEEN,
                f"there is no extensions.conf beside {files.name}, so that the dialplan was not looked at",
                "mount the directory of Asterisk's configuration where callcentre.yaml is read",
            )
        )
    found += [
        warning(Code.RELOAD_DUE, note, "run that command in Asterisk, or undo the change of the file")
        for note in files.reloads
    ]
    if files.running is False and not files.faults:
        found.append(
            warning(
                Code.CONFIGURATION_NOT_LIVE,
                f"{files.name} is not what runs: it has changed since it was read",
                "reload it (POST /v1/admin/reload), or undo the change",
            )
        )
    if files.writable:
        found.append(
            error(
                Code.FILE_WRITABLE,
                f"every user of the machine may write {some(files.writable)}, and so decide who is called",
                "take that right away on the host: chmod -R o-w",
            )
        )
    return found


def _controller(controller: Controller | None) -> list[Finding]:
    if controller is None:
        return []
    if not controller.reached:
        return [
            error(
                Code.CONTROLLER_UNREACHED,
                f"the controller does not answer: {controller.detail}",
                "look at its log (docker logs callcontrol-controller), and start it",
            )
        ]
    found = []
    if controller.code and not controller.stands_by:
        found.append(
            error(
                Code.CONTROLLER_NOT_READY,
                f"the controller serves nobody: {controller.detail}",
                "see what is said of Asterisk and Redis; its log says since when",
            )
        )
    if controller.last_good:
        found.append(
            error(
                Code.LAST_GOOD_RUNS,
                "the last configuration without faults runs, not the file as it is",
                "correct the file (`ari-app check`), and reload it",
            )
        )
    for asterisk, reason in controller.degraded:
        if reason in _REFUSED:
            why, do = _REFUSED[reason]
            found.append(
                warning(Code.ASTERISK_REFUSES_CALLERS, f"callers from outside are refused at {asterisk}: {why}", do)
            )
    for asterisk in controller.drained:
        what = f"{asterisk} takes no new calls: it is being drained"
        found.append(warning(Code.ASTERISK_DRAINED, what, f"give it calls again: ari-app drain --undo {asterisk}"))
    return found


def _asterisk(found: Asterisk | Unreached, facts: Facts) -> list[Finding]:
    match found:
        case Unreached(reason=reason, refused=True, called=called):
            return [
                error(
                    Code.ARI_PASSWORD_WRONG,
                    f"{called} refuses our user of ARI, or the password: {reason}",
                    "give ARI_APP_ARI_USER and ARI_APP_ARI_PASSWORD what ari.conf has",
                )
            ]
        case Unreached(reason=reason, called=called):
            return [
                error(
                    Code.ASTERISK_UNREACHED,
                    f"{called} is not reached: {reason}",
                    "start it (docker start callcontrol-asterisk), and look at its log"
                    if called == ALONE
                    else "start it, or its machine, and look at its log and at the network",
                )
            ]
        case Asterisk(called=called) as asterisk:
            return [
                *_version(asterisk),
                *(_lack(lack, called) for lack in asterisk.lacks),
                *_not_examined(asterisk),
                *_application(facts.application, asterisk, facts.controller),
                *_clock(Code.ASTERISK_CLOCK, called, asterisk.vitals.ahead),
            ]


def _version(asterisk: Asterisk) -> list[Finding]:
    version = asterisk.vitals.version
    main = _main(version)
    if main == MAIN_VERSION:
        return []
    level = Level.ERROR if main < MAIN_VERSION else Level.WARNING
    what = f"{asterisk.called} is version {version}, and the tests know {MAIN_VERSION} alone"
    return [Finding(Code.ASTERISK_VERSION, level, what, f"install Asterisk {MAIN_VERSION}")]


def _lack(lack: Lack, called: str) -> Finding:
    code, what = _LACKS[lack.subject]
    return error(code, what.format(lack.name, called), lack.advice)


def _not_examined(asterisk: Asterisk) -> list[Finding]:
    if not asterisk.not_examined:
        return []
    what = f"whether {asterisk.called} has what the files speak of is not known: {asterisk.not_examined}"
    return [error(Code.ASTERISK_NOT_EXAMINED, what, "correct what is said of Asterisk besides, and ask again")]


def _application(name: str, asterisk: Asterisk, controller: Controller | None) -> list[Finding]:
    """ARI does not say who registered an application: it is ours where our controller's connection stands. Of one of
    several, the controller whose API this is does not say so."""
    called, registered = asterisk.called, name in asterisk.vitals.applications
    ours = controller.has_asterisk if controller is not None else None
    if ours is None or ours == registered:
        return []
    if ours:
        return [
            error(
                Code.APPLICATION_UNREGISTERED,
                f"{called} does not know the application {name}, though our controller has a connection"
                if called == ALONE
                else f"{called} does not know the application {name}: no controller is connected to it",
                "see whether both mean the same Asterisk (ARI_APP_ARI_URL), and start the controller again"
                if called == ALONE
                else "see whether the controllers reach it (ARI_APP_ASTERISKS), and which of them leads it",
            )
        ]
    if called != ALONE:
        return []
    return [
        error(
            Code.APPLICATION_ELSEWHERE,
            f"Asterisk has the application {name}, but our controller is not connected: another one has it",
            "stop the other controller, or this one: there must be one for each Asterisk",
        )
    ]


def _clock(code: Code, whose: str, ahead: float) -> list[Finding]:
    if abs(ahead) <= CLOCK:
        return []
    how = "ahead of" if ahead > 0 else "behind"
    what = f"the clock of {whose} is {abs(ahead) * 1000:.0f} ms {how} the controller's"
    return [warning(code, what, "have NTP set the clocks of both machines")]


def _redis(redis: RedisVitals | Trouble | None) -> list[Finding]:
    match redis:
        case None:
            return []
        case Trouble(kind=Kind.PASSWORD, reason=reason):
            return [error(Code.REDIS_PASSWORD_WRONG, reason, "give ARI_APP_REDIS_URL the password that Redis has")]
        case Trouble(kind=Kind.FORBIDDEN, reason=reason):
            return [error(Code.REDIS_FORBIDS, reason, "give the user of ARI_APP_REDIS_URL all commands on its keys")]
        case Trouble(reason=reason):
            return [
                error(
                    Code.REDIS_UNREACHED,
                    f"Redis is not reached: {reason}",
                    "start it (docker start callcontrol-redis), and look at its log",
                )
            ]
        case RedisVitals():
            return [*_redis_writes(redis), *_redis_keeps(redis), *_redis_pace(redis)]


def _redis_writes(redis: RedisVitals) -> list[Finding]:
    if redis.role != "master":
        state = "" if redis.linked else ", and has lost its primary"
        return [
            error(
                Code.REDIS_REPLICA,
                f"Redis is a replica{state}: it keeps nothing that it is given",
                "have ARI_APP_REDIS_URL name the primary, or promote this one (REPLICAOF NO ONE)",
            )
        ]
    if redis.refusal:
        what = f"Redis keeps nothing that it is given: {redis.refusal.rstrip('.')}"
        return [
            error(Code.REDIS_REFUSES_WRITES, what, "see what it says: its memory, its disk, its replicas, its users")
        ]
    return []


def _redis_keeps(redis: RedisVitals) -> list[Finding]:
    found = []
    if _main(redis.version) < OLDEST_REDIS:
        what = f"Redis is version {redis.version}, older than {OLDEST_REDIS}"
        found.append(error(Code.REDIS_VERSION, what, "install a newer one"))
    if redis.policy != "noeviction":
        found.append(
            error(
                Code.REDIS_EVICTS,
                f"Redis throws calls and logins away when its memory is full (maxmemory-policy {redis.policy})",
                "set maxmemory-policy to noeviction",
            )
        )
    if redis.memory > MEMORY:
        what = f"Redis has used {redis.memory:.0%} of the memory that it may have"
        found.append(error(Code.REDIS_MEMORY, what, "raise maxmemory, or see who else writes to it"))
    if not redis.persistent:
        found.append(
            warning(
                Code.REDIS_NOT_PERSISTENT,
                "Redis does not write each change to its disk: where it stops, the last of them are lost",
                "set appendonly to yes",
            )
        )
    if not redis.saving:
        found.append(
            error(Code.REDIS_DISK, "Redis could not write to its disk", "see its log, and how much room its disk has")
        )
    return found


def _redis_pace(redis: RedisVitals) -> list[Finding]:
    found = _clock(Code.REDIS_CLOCK, "Redis", redis.ahead)
    if redis.latency > LATENCY:
        what = f"Redis takes {redis.latency * 1000:.0f} ms for an answer"
        found.append(warning(Code.REDIS_SLOW, what, "see whether its machine is busy, or far away"))
    return found


def _history(history: HistoryVitals | Unwritten | None) -> list[Finding]:
    if history is None:
        return []
    if isinstance(history, Unwritten):
        what = f"the history is not reached: {history.reason}"
        do = "see whether its database runs; what is over waits in Redis, 100,000 at most"
        return [warning(Code.HISTORY_UNREACHED, what, do)]
    found = []
    if not history.known:
        what = f"the history's tables are those of a newer version ({history.version}), and nothing is written there"
        do = "run that version, or put back the copy of the history that was made before it"
        found.append(warning(Code.HISTORY_VERSION, what, do))
    elif history.version != history.wanted:
        what = f"the history's tables are {history.version or 'not there'}, and {history.wanted} is wanted"
        do = "see in the log of the controller that leads why it has not made them (history_behind, history_faulty)"
        found.append(warning(Code.HISTORY_VERSION, what, do))
    if history.readable:
        what = f"every user of the machine may read {some(history.readable)}, and so who called"
        found.append(error(Code.HISTORY_READABLE, what, "take that right away: chmod o="))
    return found


def _certificate(certificate: Certificate) -> list[Finding]:
    do = "put a new one into the files of TLS_CERTIFICATE and TLS_KEY, and restart what shows it"
    if certificate.days <= 0:
        what = f"the certificate of {certificate.of} is over since {-certificate.days:.0f} days, and refused"
        return [error(Code.CERTIFICATE_ENDS, what, do)]
    if certificate.days <= SOON:
        what = f"the certificate of {certificate.of} ends in {certificate.days:.0f} days"
        return [warning(Code.CERTIFICATE_ENDS, what, do)]
    return []


def _receiver(receiver: Receiver) -> list[Finding]:
    found = []
    if receiver.error:
        tried = "is sent nothing any more" if receiver.stopped else "takes no events, and is tried again"
        what = f"the receiver {receiver.name} {tried}: {receiver.error}"
        do = f"see what is wrong there, then POST /v1/admin/webhooks/{receiver.name}/retry"
        found.append(warning(Code.WEBHOOK_FAILING, what, do))
    if receiver.dead:
        what = f"{receiver.dead} events were given up that {receiver.name} has not taken"
        do = (
            f"see which (GET /v1/admin/webhooks/{receiver.name}/dead-letters), and have them tried again (POST …/retry)"
        )
        found.append(warning(Code.WEBHOOK_DEAD_LETTERS, what, do))
    return found


def _machine(machine: Machine) -> list[Finding]:
    found = []
    if machine.open_files > machine.most_files * USED_UP:
        what = f"the controller has {machine.open_files} files open of {machine.most_files} that it may have"
        found.append(error(Code.FILES_USED_UP, what, "raise the limit (ulimit -n), and start it again"))
    elif machine.most_files < FEWEST:
        what = f"the controller may open {machine.most_files} files, and each window is one"
        found.append(warning(Code.FEW_FILES, what, f"raise the limit (ulimit -n) to {FEWEST} at least"))
    if machine.differing:
        what = f"packages are not those that are tested: {some(machine.differing)}"
        found.append(warning(Code.PACKAGES_DIFFER, what, "install those of requirements.lock"))
    return found + _recordings(machine)


def _recordings(machine: Machine) -> list[Finding]:
    free = machine.free
    if free is None:
        return []
    if free < 0:
        what = (
            f"the directory of recordings, {machine.recordings}, is not seen: recordings begin without looking for room"
        )
        return [warning(Code.RECORDINGS_UNSEEN, what, "have ARI_APP_RECORDINGS name where this machine has it")]
    if free < ROOM:
        what = f"{free // 2**20} MB are left for recordings, and no more are begun"
        return [error(Code.RECORDINGS_FULL, what, "delete some, or have the disk made larger")]
    if free < least_left(machine.size):
        what = f"{free // 2**20} MB are left for recordings, and callers leave no messages any more"
        return [error(Code.VOICEMAIL_FULL, what, "delete some, or have the disk made larger")]
    if free < LOW:
        what = f"{free // 2**20} MB are left for recordings: one minute takes one"
        return [warning(Code.RECORDINGS_LOW, what, "delete some, or have the disk made larger")]
    return []


def _main(version: str) -> int:
    match = re.search(r"\d+", version)
    return int(match[0]) if match is not None else 0
