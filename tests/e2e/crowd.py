"""A bigger call centre than the demo's, for tests that need one: the demo's files, and a crowd added to them.

    python -m tests.e2e.crowd <directory>

copies `asterisk/` there and adds what this module says. Nothing of it is in the demo.
"""

from __future__ import annotations

import shutil
import sys
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from argon2 import PasswordHasher

from ari_app.config.api_keys import SCOPES
from ari_app.config.credentials import MEMORY
from ari_app.store.port import hash_token
from tests.bots.tones import RATE

ORIGINAL = Path(__file__).parents[2] / "asterisk"

CROWD = tuple(f"crowd{n:02}" for n in range(1, 21))
RESTED = "rested"
PHONES = {name: str(1101 + n) for n, name in enumerate((*CROWD, RESTED))}

TOGETHER = CROWD[:3]
"""Members of the group that rings all at once."""
IN_ORDER = ("crowd15", "crowd14", "crowd16")
"""Members of the group that rings in order, as they are rung: the file lists them otherwise, and names two of them."""
MAX_PARTIES = 22
"""Of one conference: the crowd, the one who is rested, and who called."""
LEVELS = {"crowd05": 5, "crowd06": 5, "crowd07": 3, "crowd08": 1}
"""How well they know their tools."""

QUEUE, QUEUE_URGENT, QUEUE_SHORT, QUEUE_ANNOUNCED = "3900", "3905", "3901", "3902"
QUEUE_SHUT, QUEUE_WELCOMING, QUEUE_WITH_KEYS, QUEUE_WITH_BOX = "3903", "3904", "3906", "3907"
BOX = "2997"
"""Leads to the box by which the group of the one who is rested is notified."""
GROUP_TOGETHER, GROUP_REST, GROUP_IN_ORDER, GROUP_WITH_DATA = "2901", "2902", "2903", "4900"
SKILL, SKILL_3 = "2910", "2913"
OWN_PROMPT_SAID = "2998"
NOWHERE = "2999"
"""A number whose dialplan names a group that the file does not have."""

HASHED = ("alice", "bob", "carol", "admin")
"""Who log in hundreds of times: their passwords are hashed, and that in no time. The others' stand in clear."""

KEYS = {"all": "cck_of-tests-with-all-scopes", "history": "cck_of-tests-with-one-scope"}
"""Of programs, as `ari-app key` makes them but for their length."""
_SCOPES = {"all": SCOPES, "history": ("history:read",)}

# What the tests wait for to end by itself: sooner than in the demo.
_SOONER = {
    "callcentre.yaml": ("  offer_timeout: 15 ", "  offer_timeout: 6 "),
    "extensions.conf": (",WaitExten(4,m)", ",WaitExten(1,m)"),
}

OWN_PROMPT, OWN_MUSIC = "own", "crowd"
"""A prompt in each language, and a class of music: noise that is like no other."""

_SECTIONS = {
    "groups": f"""\
  crowd: {{name: Crowd, number: "2900", show_available: true}}
  together: {{name: Together, number: "{GROUP_TOGETHER}", show_available: true, ring: all}}
  rest: {{name: Rest, number: "{GROUP_REST}", show_available: true, wrap_up: 2}}
  front:
    name: Front
    number: "{GROUP_IN_ORDER}"
    show_available: true
    ring: in_order
    order: [{", ".join(IN_ORDER[:2])}]
""",
    "queues": f"""\
  crowd: {{name: Crowd queue, number: "{QUEUE}", groups: [crowd], show_available: true}}
  short:
    name: Short queue
    number: "{QUEUE_SHORT}"
    groups: [rest]
    max_length: 2
    max_wait: 3
    overflow: group:together
  announced:
    name: Announced queue
    number: "{QUEUE_ANNOUNCED}"
    groups: [crowd]
    announce_every: 5
    music_class: {OWN_MUSIC}
  keys:
    name: Queue with keys
    number: "{QUEUE_WITH_KEYS}"
    groups: [rest]
    announce_every: 5
    keys: {{"1": callback, "2": agent:crowd01, "9": hang_up}}
    callback: {{tries: 2, retry_after: 2}}
""",
    "announcements": f"""\
  queue_keys: custom/{OWN_PROMPT}
  callback_promised: custom/{OWN_PROMPT}
  callback_number: custom/{OWN_PROMPT}
  callback_refused: custom/{OWN_PROMPT}
""",
    "skills": """\
  tools: {name: Tools, show_available: true}
""",
    "settings": f"""\
  max_parties: {MAX_PARTIES}
""",
}

# What earlier versions do not know.
_HOURS = """hours:
  never: {zone: Europe/Paris}
priorities:
  gold: {priority: 5, numbers: ["+33600000009"], queues: [crowd]}
"""
_BOXES = f"""\
  rest:
    name: Rest
    notify: ["group:rest"]
    greeting: custom/{OWN_PROMPT}
    min_seconds: 2
    max_silence: 3
    max_seconds: 30
"""
_QUEUES_WITH_HOURS = f"""\
  box:
    name: Queue with a box
    number: "{QUEUE_WITH_BOX}"
    groups: [rest]
    keys: {{"7": "voicemail:rest"}}
    closed: {{announcement: vm-goodbye, to: "voicemail:rest"}}
  shut:
    name: Shut queue
    number: "{QUEUE_SHUT}"
    groups: [crowd]
    hours: never
    closed: {{announcement: vm-goodbye, to: "group:rest"}}
  welcoming:
    name: Welcoming queue
    number: "{QUEUE_WELCOMING}"
    groups: [rest]
    announcements: {{queue_welcome: queue-thankyou}}
    comfort_every: 5
    wrap_up: 1
    closed: {{announcement: [vm-goodbye]}}
    closing: release
"""

_DIALPLAN = f"""
[from-carrier](+)
exten => 2900,1,Gosub(call-control,deliver,1(group,crowd))
 same => n,Hangup()
exten => {GROUP_TOGETHER},1,Gosub(call-control,deliver,1(group,together))
 same => n,Hangup()
exten => {GROUP_REST},1,Gosub(call-control,deliver,1(group,rest))
 same => n,Hangup()
exten => {GROUP_IN_ORDER},1,Gosub(call-control,deliver,1(group,front))
 same => n,Hangup()
exten => {QUEUE},1,Gosub(call-control,deliver,1(queue,crowd))
 same => n,Hangup()
exten => {QUEUE_URGENT},1,Gosub(call-control,deliver,1(queue,crowd,5))
 same => n,Hangup()
exten => {QUEUE_SHORT},1,Gosub(call-control,deliver,1(queue,short))
 same => n,Hangup()
exten => {QUEUE_ANNOUNCED},1,Gosub(call-control,deliver,1(queue,announced))
 same => n,Hangup()
exten => {QUEUE_SHUT},1,Gosub(call-control,deliver,1(queue,shut))
 same => n,Hangup()
exten => {QUEUE_WELCOMING},1,Gosub(call-control,deliver,1(queue,welcoming))
 same => n,Hangup()
exten => {QUEUE_WITH_KEYS},1,Gosub(call-control,deliver,1(queue,keys))
 same => n,Hangup()
exten => {QUEUE_WITH_BOX},1,Gosub(call-control,deliver,1(queue,box))
 same => n,Hangup()
exten => {BOX},1,Gosub(call-control,deliver,1(voicemail,rest))
 same => n,Hangup()
exten => {NOWHERE},1,Gosub(call-control,deliver,1(group,nowhere))
 same => n,Hangup()
exten => {OWN_PROMPT_SAID},1,Gosub(call-control,welcome,1)
 same => n,Playback(custom/{OWN_PROMPT})
 same => n,Hangup()
exten => {SKILL},1,Gosub(call-control,deliver,1(skill,tools))
 same => n,Hangup()
exten => {SKILL_3},1,Gosub(call-control,deliver,1(skill,tools>=3))
 same => n,Hangup()
exten => {GROUP_WITH_DATA},1,Set(CALL_DATA_order=4711)
 same => n,Set(CALL_DATA_vip=yes)
 same => n,Gosub(call-control,deliver,1(group,crowd))
 same => n,Hangup()
"""


TWO_PHONES = "crowd20"
"""May have two phones on the one account."""
TRUNK = "frail"
"""The account of a small trunk that registers. A far end that is lost is noticed there in so many seconds:"""
LOST_AFTER = 2

_TRUNK = f"""
[{TRUNK}](party)
context = from-trunk
identify_by = username
trust_id_inbound = yes
rtp_timeout = {LOST_AFTER}
auth = {TRUNK}
aors = {TRUNK}
[{TRUNK}](phone-secret)
username = {TRUNK}
password = phone-{TRUNK}
[{TRUNK}](phone-place)
"""


_OWN_SOUNDS = {
    f"sounds/fr/{OWN_PROMPT}.wav": 1.0,
    f"sounds/en/{OWN_PROMPT}.wav": 1.0,
    f"music/{OWN_MUSIC}/noise.wav": 3.0,
}


def _write_noise(file: Path, seconds: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 3000, round(RATE * seconds))
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(noise.astype("<i2").tobytes())


def _phone(user: str, name: str) -> str:
    return f"""
[{user}](phone)
callerid = "{_full_name(name)}" <{user}>
auth = {user}
aors = {user}
[{user}](phone-secret)
username = {user}
password = phone-{user}
[{user}](phone-place)
{"max_contacts = 2" if name == TWO_PHONES else ""}
"""


def password_hash(name: str) -> str:
    """That of somebody's password, always the same."""
    return PasswordHasher(time_cost=1, memory_cost=MEMORY.start, parallelism=1).hash(
        f"{name}-demo", salt=b"for tests alone"
    )


def _full_name(name: str) -> str:
    return f"{name.capitalize()} Agent"


def _agent(name: str, user: str) -> str:
    groups = ["rest"] if name == RESTED else ["crowd"]
    groups += [group for group, members in (("together", TOGETHER), ("front", IN_ORDER)) if name in members]
    skills = f", skills: {{tools: {LEVELS[name]}}}" if name in LEVELS else ""
    of = f"groups: [{', '.join(groups)}]{skills}"
    return f'  {name}: {{name: {_full_name(name)}, phone: "{user}", password: {name}-demo, {of}}}\n'


def _api_keys() -> str:
    entries = (
        f"  {name}: {{name: {name}, key_hash: {hash_token(key)}, scopes: [{', '.join(_SCOPES[name])}]}}\n"
        for name, key in KEYS.items()
    )
    return "api_keys:\n" + "".join(entries)


def _deliveries() -> str:
    agents = (f"exten => {user},1,Gosub(call-control,deliver,1(agent,{name}))" for name, user in PHONES.items())
    return "".join(f"{line}\n same => n,Hangup()\n" for line in agents)


def with_entries(text: str, sections: Mapping[str, str]) -> str:
    """`callcentre.yaml` with entries added to its sections. Raises ValueError where it has no such section."""
    for section, entries in sections.items():
        head = f"\n{section}:\n"
        if text.count(head) != 1:
            raise ValueError(f"callcentre.yaml has no section {section}, or several")
        text = text.replace(head, head + entries)
    return text


def with_crowd(text: str) -> str:
    """The demo's `callcentre.yaml`, also that of an earlier version, with the crowd in it."""
    agents = "".join(_agent(name, user) for name, user in PHONES.items())
    for name in HASHED:
        text = text.replace(f"    password: {name}-demo\n", f"    password_hash: {password_hash(name)}\n")
    return with_entries(text, {"agents": agents, **_SECTIONS})


def gather(directory: Path) -> None:
    """Write the demo's files and the crowd to `directory`, which must not exist yet."""
    shutil.copytree(ORIGINAL, directory)
    centre = directory / "callcentre.yaml"
    described = with_entries(with_crowd(centre.read_text()), {"queues": _QUEUES_WITH_HOURS, "voicemail": _BOXES})
    centre.write_text(described + _HOURS + _api_keys())
    with (directory / "musiconhold.conf").open("a") as file:
        file.write(f"\n[{OWN_MUSIC}]\nmode = files\ndirectory = /etc/asterisk/music/{OWN_MUSIC}\n")
    for seed, (name, seconds) in enumerate(_OWN_SOUNDS.items()):
        _write_noise(directory / name, seconds, seed)
    with (directory / "pjsip.conf").open("a") as file:
        file.writelines(_phone(user, name) for name, user in PHONES.items())
        file.write(_TRUNK)
    with (directory / "extensions.conf").open("a") as file:
        file.write(_DIALPLAN + _deliveries())
    for name, (there, here) in _SOONER.items():
        text = (directory / name).read_text()
        if text.count(there) != 1:
            raise ValueError(f"{name} has {there.strip()!r} not once")
        (directory / name).write_text(text.replace(there, here))


if __name__ == "__main__":
    gather(Path(sys.argv[1]))
