"""What the doctor makes of facts: nothing of those that are sound, and of each that is broken exactly one thing."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from ari_app.ari.findings import NEEDED_MODULES, Subject
from ari_app.ari.findings import Finding as Lack
from ari_app.ari.vitals import Vitals as AsteriskVitals
from ari_app.config.settings import ProcessSettings
from ari_app.disk import ROOM, check_room, measured
from ari_app.errors import Refused
from ari_app.history.vitals import Vitals as HistoryVitals
from ari_app.operations.diagnosis import (
    CLOCK,
    FEWEST,
    LATENCY,
    LOW,
    MEMORY,
    OLDEST_REDIS,
    SOON,
    USED_UP,
    diagnose,
)
from ari_app.operations.exposure import SECRET, exposure
from ari_app.operations.facts import (
    Asterisk,
    Certificate,
    Controller,
    Door,
    Doors,
    Facts,
    Files,
    Machine,
    Receiver,
    Secret,
    Secrets,
    Unreached,
    Unwritten,
)
from ari_app.operations.findings import Code, Level
from ari_app.operations.gathering import doors_of
from ari_app.store.vitals import Kind, Trouble
from ari_app.store.vitals import Vitals as RedisVitals
from tests.support.documents import ROOT

LOOPBACK = "127.0.0.1"
ANY = "0.0.0.0"  # noqa: S104  # nothing is bound here
OUTSIDE = "192.0.2.10"
GOOD = Secret("x", 24)

FILES = Files("/etc/ari_app/callcentre.yaml", running=True)
SECRETS = Secrets(phones=(replace(GOOD, of="1001"),), ari=GOOD, redis=GOOD)
DOORS = Doors(
    api=Door(LOOPBACK, 8080, (LOOPBACK,)),
    ari=(Door(LOOPBACK, 8088, (LOOPBACK,)),),
    redis=Door("localhost", 6379, ("::1", LOOPBACK)),
)
VITALS = AsteriskVitals("22.10.1", 0.002, frozenset(NEEDED_MODULES), frozenset({"callcontrol"}))
REDIS = RedisVitals("8.0.1", memory=0.5, latency=0.001, ahead=-0.002)
MACHINE = Machine(65_536, 100, "/var/spool/asterisk/recording", 2**40)
SOUND = Facts(
    machine=MACHINE,
    files=FILES,
    secrets=SECRETS,
    doors=DOORS,
    controller=Controller(True),
    asterisks=(Asterisk(VITALS),),
    redis=REDIS,
)


def files(**fields: Any) -> Facts:
    return replace(SOUND, files=replace(FILES, **fields))


def secrets(**fields: Any) -> Facts:
    return replace(SOUND, secrets=replace(SECRETS, **fields))


def door(name: str, *listening: str) -> Facts:
    def open_to(there: Door, of: str) -> Door:
        return replace(there, listening=listening) if name == of else there

    doors = Doors(open_to(DOORS.api, "api"), (open_to(DOORS.ari[0], "ari"),), open_to(DOORS.redis, "redis"))
    return replace(SOUND, doors=doors)


def asterisk(lacks: tuple[Lack, ...] = (), not_examined: str = "", **fields: Any) -> Facts:
    return replace(SOUND, asterisks=(Asterisk(replace(VITALS, **fields), lacks, not_examined),))


def lack(subject: Subject) -> Facts:
    return asterisk((Lack(subject, "x", "bring it"),))


def redis(**fields: Any) -> Facts:
    return replace(SOUND, redis=replace(REDIS, **fields))


def machine(**fields: Any) -> Facts:
    return replace(SOUND, machine=replace(MACHINE, **fields))


def controller(*fields: Any, **named: Any) -> Facts:
    return replace(SOUND, controller=Controller(*fields, **named))


E, W = Level.ERROR, Level.WARNING
BROKEN: list[tuple[Code, Level, Facts]] = [
    (Code.SETTING_WRONG, E, replace(SOUND, settings=("ARI_APP_API_PORT: must be a number",))),
    (Code.CONFIGURATION_INVALID, E, files(faults=("callcentre.yaml:3: agents.bob: no",), running=False)),
    (Code.ASTERISK_FILE_INVALID, E, files(beside=("extensions.conf:7: no group 'saless'",))),
    (Code.DIALPLAN_UNSEEN, W, files(dialplan_seen=False)),
    (Code.RELOAD_DUE, W, files(reloads=("pjsip.conf: is newer than what runs",))),
    (Code.CONFIGURATION_NOT_LIVE, W, files(running=False)),
    (Code.FILE_WRITABLE, E, files(writable=("/etc/ari_app/callcentre.yaml",))),
    (Code.DEMO_PASSWORDS, W, secrets(demo=("alice",))),
    (Code.CLEAR_PASSWORDS, W, secrets(clear=("alice",))),
    (Code.DEMO_PHONE_SECRETS, W, secrets(phones=(Secret("1001", 10, public=True),))),
    (Code.SHORT_PHONE_SECRETS, W, secrets(phones=(Secret("1001", 15),))),
    (Code.ARI_PASSWORD_WEAK, W, secrets(ari=Secret("ari", 24, public=True))),
    (Code.ARI_PASSWORD_WEAK, W, secrets(ari=Secret("ari", 15))),
    (Code.REDIS_PASSWORD_WEAK, W, secrets(redis=Secret("redis", 0))),
    (Code.CERTIFICATE_WRONG, E, secrets(certificate="/a.pem: no start line")),
    (Code.API_OPEN, W, door("api", ANY)),
    (Code.ARI_OPEN, W, door("ari", "::")),
    (Code.REDIS_OPEN, W, door("redis", LOOPBACK, OUTSIDE)),
    (Code.HISTORY_OPEN, W, replace(SOUND, doors=replace(DOORS, history=Door("db.example.org", 5432)))),
    (Code.CONTROLLER_UNREACHED, E, replace(asterisk(applications=frozenset()), controller=Controller(False))),
    (Code.CONTROLLER_NOT_READY, E, controller(True, "store_unavailable", "the store is away")),
    (Code.LAST_GOOD_RUNS, E, controller(True, last_good=True)),
    *(
        (Code.ASTERISK_REFUSES_CALLERS, W, controller(True, degraded=(("a", why),)))
        for why in ("calls", "rate", "late")
    ),
    (Code.ASTERISK_DRAINED, W, controller(True, drained=("asterisk-b",))),
    (Code.FEW_FILES, W, machine(most_files=1024)),
    (Code.FILES_USED_UP, E, machine(open_files=60_000)),
    (Code.PACKAGES_DIFFER, W, machine(differing=("redis 7.0, not 7.1",))),
    (Code.ASTERISK_UNREACHED, E, replace(SOUND, asterisks=(Unreached("no connection"),))),
    (Code.ARI_PASSWORD_WRONG, E, replace(SOUND, asterisks=(Unreached("401", refused=True),))),
    (Code.ASTERISK_VERSION, E, asterisk(version="20.9.0")),
    (Code.ASTERISK_VERSION, E, asterisk(version="GIT-master")),
    (Code.ASTERISK_VERSION, W, asterisk(version="23.1.0")),
    (Code.ASTERISK_NOT_EXAMINED, E, asterisk(not_examined="no answer in time")),
    (Code.MODULE_MISSING, E, lack(Subject.MODULE)),
    (Code.PHONE_MISSING, E, lack(Subject.PHONE)),
    (Code.TRUNK_MISSING, E, lack(Subject.TRUNK)),
    (Code.MUSIC_MISSING, E, lack(Subject.MUSIC)),
    (Code.ENTRY_MISSING, E, lack(Subject.DIALPLAN)),
    (Code.SOUND_MISSING, E, lack(Subject.SOUND)),
    (Code.SETTING_UNFIT, E, lack(Subject.SETTING)),
    (Code.ARI_CONF_INCOMPLETE, E, lack(Subject.ARI)),
    (Code.APPLICATION_UNREGISTERED, E, asterisk(applications=frozenset({"another"}))),
    (Code.ASTERISK_CLOCK, W, asterisk(ahead=-1.5)),
    (Code.REDIS_UNREACHED, E, replace(SOUND, redis=Trouble(Kind.AWAY, "away"))),
    (Code.REDIS_PASSWORD_WRONG, E, replace(SOUND, redis=Trouble(Kind.PASSWORD, "refuses the password"))),
    (Code.REDIS_FORBIDS, E, replace(SOUND, redis=Trouble(Kind.FORBIDDEN, "does not permit"))),
    (Code.REDIS_VERSION, E, redis(version="5.0.14")),
    (Code.REDIS_REPLICA, E, redis(role="slave", refusal="READONLY")),
    (Code.REDIS_REFUSES_WRITES, E, redis(refusal="NOREPLICAS Not enough good replicas to write.")),
    (Code.REDIS_EVICTS, E, redis(policy="allkeys-lru")),
    (Code.REDIS_MEMORY, E, redis(memory=0.95)),
    (Code.REDIS_NOT_PERSISTENT, W, redis(persistent=False)),
    (Code.REDIS_DISK, E, redis(saving=False)),
    (Code.REDIS_SLOW, W, redis(latency=0.05)),
    (Code.REDIS_CLOCK, W, redis(ahead=1.5)),
    (Code.WEBHOOK_FAILING, W, replace(SOUND, receivers=(Receiver("crm", "HTTP 500"),))),
    (Code.WEBHOOK_FAILING, W, replace(SOUND, receivers=(Receiver("crm", "HTTP 410", stopped=True),))),
    (Code.WEBHOOK_DEAD_LETTERS, W, replace(SOUND, receivers=(Receiver("crm", dead=3), Receiver("sound")))),
    (Code.HISTORY_UNREACHED, W, replace(SOUND, history=Unwritten("OperationalError"))),
    (Code.HISTORY_VERSION, W, replace(SOUND, history=HistoryVitals("", "0001"))),
    (Code.HISTORY_VERSION, W, replace(SOUND, history=HistoryVitals("0001", "0002"))),
    (Code.HISTORY_VERSION, W, replace(SOUND, history=HistoryVitals("0003", "0002", known=False))),
    (Code.HISTORY_READABLE, E, replace(SOUND, history=HistoryVitals("0001", "0001", readable=("/of/history.db",)))),
    (Code.CERTIFICATE_ENDS, W, replace(SOUND, certificates=(Certificate("SIP", SOON),))),
    (Code.CERTIFICATE_ENDS, W, replace(SOUND, certificates=(Certificate("SIP", 0.1),))),
    (Code.CERTIFICATE_ENDS, E, replace(SOUND, certificates=(Certificate("SIP", 0.0),))),
    (Code.CERTIFICATE_ENDS, E, replace(SOUND, certificates=(Certificate("SIP", -400.0),))),
    (Code.RECORDINGS_UNSEEN, W, machine(free=-1)),
    (Code.RECORDINGS_FULL, E, machine(free=ROOM - 1)),
    (Code.RECORDINGS_LOW, W, machine(free=ROOM)),
    (Code.RECORDINGS_LOW, W, machine(free=512 * 2**20, size=100 * 2**30)),
    (Code.VOICEMAIL_FULL, E, machine(free=512 * 2**20 - 1, size=100 * 2**30)),
]


def test_where_all_is_sound_nothing_is_found() -> None:
    assert diagnose(SOUND) == []
    assert diagnose(controller(True, degraded=(("b", "unreached"),))) == [], "what is said of that Asterisk says it"
    assert diagnose(Facts(Machine(65_536))) == [], "what was not looked at is no finding"


@pytest.mark.parametrize(
    ("code", "level", "facts"), BROKEN, ids=[f"{c.value}-{i}" for i, (c, _, _) in enumerate(BROKEN)]
)
def test_what_is_broken_is_found_and_nothing_else(code: Code, level: Level, facts: Facts) -> None:
    (finding,) = diagnose(facts)
    assert (finding.code, finding.level) == (code, level)
    for sentence in (finding.what, finding.do):
        assert sentence
        assert not sentence.endswith(".")


JUST_ENOUGH = [
    secrets(phones=(Secret("1001", SECRET),), ari=Secret("ari", SECRET), redis=Secret("redis", SECRET)),
    asterisk(ahead=CLOCK),
    redis(latency=LATENCY, memory=MEMORY, ahead=-CLOCK, version=f"{OLDEST_REDIS}.0.0"),
    replace(SOUND, certificates=(Certificate("the API", SOON + 0.1),), history=HistoryVitals("0001", "0001")),
    machine(most_files=FEWEST, open_files=int(FEWEST * USED_UP), free=LOW),
]


@pytest.mark.parametrize("facts", JUST_ENOUGH, ids=range(len(JUST_ENOUGH)))
def test_what_is_just_enough_is_no_finding(facts: Facts) -> None:
    assert diagnose(facts) == []


@pytest.mark.parametrize(
    ("secret", "what"),
    [(Secret("ari", 0), "is empty"), (Secret("ari", 9, public=True), "everybody knows"), (Secret("ari", 9), "than 16")],
)
def test_why_a_password_is_weak_is_said(secret: Secret, what: str) -> None:
    (finding,) = diagnose(secrets(ari=secret))
    assert what in finding.what


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        (asterisk(ahead=1.5), "the clock of Asterisk is 1500 ms ahead of the controller's"),
        (redis(ahead=-2), "the clock of Redis is 2000 ms behind the controller's"),
        (redis(role="slave"), "Redis is a replica: it keeps nothing that it is given"),
        (redis(role="slave", linked=False), "Redis is a replica, and has lost its primary: it keeps nothing that it is"
         " given"),
    ],
)  # fmt: skip
def test_what_differs_is_said_exactly(facts: Facts, what: str) -> None:
    assert [finding.what for finding in diagnose(facts)] == [what]


def test_every_code_is_found_somewhere() -> None:
    shown = {code for code, _, _ in BROKEN} | {Code.APPLICATION_ELSEWHERE}
    assert set(Code) - shown == set()


@pytest.mark.parametrize("ours", [Controller(False), Controller(True, "asterisk_unavailable", "Asterisk is away")])
def test_an_application_that_is_registered_and_not_by_our_controller_is_anothers(ours: Controller) -> None:
    codes = [finding.code for finding in diagnose(replace(SOUND, controller=ours))]
    assert Code.APPLICATION_ELSEWHERE in codes
    assert len(codes) == 2, "beside that our controller is not there, or not ready"


def test_of_a_controller_without_redis_nobody_knows_whose_the_application_is() -> None:
    away = controller(True, "store_unavailable", "the store is away")
    for applications in (frozenset[str](), frozenset({"callcontrol"})):
        facts = replace(away, asterisks=(Asterisk(replace(VITALS, applications=applications)),))
        assert [finding.code for finding in diagnose(facts)] == [Code.CONTROLLER_NOT_READY]


def test_a_controller_that_stands_by_for_another_is_as_it_should_be() -> None:
    assert diagnose(controller(True, "standby", "another controller leads")) == []


def test_weak_secrets_are_errors_where_others_than_this_machine_can_use_them() -> None:
    weak = secrets(demo=("alice",), phones=(Secret("1001", 10, public=True),), ari=Secret("ari", 3))
    for name in ("api", "ari"):
        facts = replace(weak, doors=door(name, OUTSIDE).doors)
        found = {finding.code: finding.level for finding in diagnose(facts)}
        for code in (Code.DEMO_PASSWORDS, Code.DEMO_PHONE_SECRETS, Code.ARI_PASSWORD_WEAK):
            assert found[code] is Level.ERROR


def test_a_redis_without_a_password_that_others_reach_is_an_error() -> None:
    facts = replace(secrets(redis=Secret("redis", 0)), doors=door("redis", OUTSIDE).doors)
    found = {finding.code: finding.level for finding in diagnose(facts)}
    assert found == {Code.REDIS_OPEN: Level.ERROR, Code.REDIS_PASSWORD_WEAK: Level.WARNING}


def test_a_host_that_is_another_machine_counts_as_open_whatever_listens_here() -> None:
    facts = replace(SOUND, doors=replace(DOORS, ari=(Door("asterisk.example.org", 8088),)))
    (finding,) = diagnose(facts)
    assert finding.code is Code.ARI_OPEN
    assert "asterisk.example.org, port 8088" in finding.what


def test_of_several_asterisks_each_is_looked_at_and_named() -> None:
    sound = Asterisk(VITALS, called="asterisk-a")
    for other, code, said in (
        (Unreached("no connection", called="asterisk-b"), Code.ASTERISK_UNREACHED, "asterisk-b is not reached: no"),
        (Unreached("401", True, "asterisk-b"), Code.ARI_PASSWORD_WRONG, "asterisk-b refuses our user"),
        (Asterisk(VITALS, (Lack(Subject.TRUNK, "x", "y"),), "", "asterisk-b"), Code.TRUNK_MISSING, "asterisk-b has no"),
        (
            Asterisk(replace(VITALS, applications=frozenset()), called="asterisk-b"),
            Code.APPLICATION_UNREGISTERED,
            "asterisk-b does not know the application callcontrol: no controller is connected to it",
        ),
    ):
        (finding,) = diagnose(replace(SOUND, asterisks=(sound, other)))
        assert finding.code is code
        assert finding.what.startswith(said)
    doors = replace(DOORS, ari=(*DOORS.ari, Door(OUTSIDE, 8088)))
    assert [finding.code for finding in diagnose(replace(SOUND, doors=doors))] == [Code.ARI_OPEN]


def test_of_one_of_several_nobody_says_whose_controller_has_it() -> None:
    away = replace(SOUND, controller=Controller(True, "asterisk_unavailable", "away"))
    found = diagnose(replace(away, asterisks=(Asterisk(VITALS, called="asterisk-a"),)))
    assert [finding.code for finding in found] == [Code.CONTROLLER_NOT_READY]


def test_errors_come_first_and_long_lists_are_cut() -> None:
    facts = replace(secrets(demo=tuple(f"agent{n}" for n in range(7))), machine=replace(MACHINE, free=0))
    first, second = diagnose(facts)
    assert (first.code, second.code) == (Code.RECORDINGS_FULL, Code.DEMO_PASSWORDS)
    assert "agent0, agent1, agent2, agent3, agent4 and 2 more" in second.what


@pytest.mark.parametrize("full", [{"f_bavail": ROOM - 1}, {"f_favail": 0}], ids=["bytes", "files"])
async def test_no_recording_is_begun_where_the_doctor_says_so(
    monkeypatch: pytest.MonkeyPatch, full: dict[str, int]
) -> None:
    disk = SimpleNamespace(**{"f_bavail": ROOM, "f_blocks": ROOM, "f_frsize": 1, "f_files": 10, "f_favail": 1, **full})
    monkeypatch.setattr(os, "statvfs", lambda path: disk)
    with pytest.raises(Refused):
        await check_room(Path("/recordings"))
    (finding,) = diagnose(machine(free=measured(Path("/recordings")).left))
    assert finding.code == Code.RECORDINGS_FULL


def test_the_documents_tell_of_each_code_once() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    table = page.partition("| finding | what to know |")[2].partition("\n\n")[0]
    account = [
        code for cell in re.findall(r"^\| (`[^|]+)\|", table, re.MULTILINE) for code in re.findall(r"`(\w+)`", cell)
    ]
    assert sorted(account) == sorted(code.value for code in Code)


@pytest.mark.parametrize(
    ("url", "open_"),
    [
        ("sqlite:////var/lib/ari_app/history.db", False),
        ("postgresql://callcontrol:x@127.0.0.1/callcontrol", False),
        ("postgresql://callcontrol:x@db.example.org/callcontrol", True),
        ("postgresql://callcontrol:x@db.example.org/callcontrol?sslmode=prefer", True),
        ("postgresql://callcontrol:x@db.example.org/callcontrol?sslmode=verify-full", False),
    ],
)
def test_a_history_that_is_elsewhere_is_reached_by_tls(url: str, open_: bool) -> None:
    settings = ProcessSettings(ari_password=SecretStr("x" * 24), history_url=url)
    found = exposure(SECRETS, doors_of(settings))
    assert [finding.code for finding in found if finding.code is Code.HISTORY_OPEN] == [Code.HISTORY_OPEN] * open_
    assert not any("callcontrol:x" in finding.what or ":x@" in finding.do for finding in found)
