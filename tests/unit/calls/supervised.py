"""Words for tests of supervisors at a call: erin and oscar, who are at the call of alice and a caller."""

from typing import Any

from ari_app.calls import commands as c
from ari_app.calls.model import Call, MonitorMode
from ari_app.routing.directory import Role
from tests.support.office import Office, hear_each_other

LISTEN, WHISPER, BARGE = MonitorMode.LISTEN, MonitorMode.WHISPER, MonitorMode.BARGE
TALK = hear_each_other("alice", "in1")
OVERHEARD = TALK | {("erin", "alice"), ("erin", "in1")}
WHISPERED = OVERHEARD | {("alice", "erin")}


def monitor(office: Office, call: Call, mode: MonitorMode = LISTEN, by: str = "erin", **fields: Any) -> str:
    """Ask for it, and let happen what happens by itself; the command's id."""
    name = office.command(c.MonitorCall, by, role=Role.SUPERVISOR, call=call.id, mode=mode, **fields)
    office.settle()
    return name


def take_over(office: Office, call: Call, by: str = "erin", **fields: Any) -> str:
    """The same for a take-over."""
    name = office.command(c.TakeOver, by, role=Role.SUPERVISOR, call=call.id, **fields)
    office.settle()
    return name


def code(office: Office, name: str) -> str:
    """Why the command was refused."""
    return office.refusals[name].code.value


def monitored(mode: MonitorMode = LISTEN, **settings: Any) -> tuple[Office, Call]:
    """A caller and alice talk, and erin is at it."""
    office = Office("erin", "oscar", **settings)
    call = office.served()
    assert monitor(office, call, mode) in office.replies
    return office, call
