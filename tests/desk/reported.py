"""What the server tells a page of a call centre at work: its documents and events, made up."""

from __future__ import annotations

from typing import Any

from tests.desk.stage import Json

AT = "2026-11-28T12:00:00.000Z"
EARLIER = "2026-11-28T11:57:26.000Z"
PEOPLE = (
    ("alice", "Alice Martin", "1001"),
    ("bob", "Bob Lefèvre", "1002"),
    ("carol", "Carol Nguyen", "1003"),
    ("dave", "Dave Müller", "1004"),
    ("frank", "Frank Zola", "1006"),
    ("grace", "Grace Hopper-Kristensen", "1007"),
    ("heidi", "Heidi Sørensen", "1008"),
)
VERBS = ["call", "single_step_transfer", "single_step_conference", "initiate_transfer"]
TICKET = {"ticket": "x", "expires_at": AT}


def me(**more: Any) -> Json:
    """Alice."""
    return {
        "agent": "alice",
        "name": "Alice Martin",
        "role": "agent",
        "state": "on_call",
        "reason": None,
        "since": EARLIER,
        "phone": "1001",
        "phone_device": "desk",
        "phone_state": "reachable",
        "wrap_up_until": None,
        "wrap_up_call": None,
        "next_state": None,
        "next_reason": None,
        "caller_ids": [
            {"id": "support", "name": "Support", "number": "+33140000001"},
            {"id": "sales", "name": "Sales", "number": "+33140000002"},
            {"id": "anonymous", "name": "", "number": ""},
        ],
        "default_caller_id": "sales",
        "reasons": [{"id": r, "label": r} for r in ("break", "lunch", "meeting", "training")],
        "groups": [{"id": "support", "name": "Support"}],
        "features": {
            "conferences": True,
            "recording": True,
            "monitoring": False,
            "talk_detection": True,
            "phone_in_page": True,
            "passwords": True,
            "hear_recordings": True,
            "caller_id_for": ["call", "transfer", "conference"],
            "max_hold": 120,
            "dispositions": [{"code": "solved", "label": "Solved"}, {"code": "callback", "label": "Call back"}],
            "disposition_required": False,
        },
        **more,
    }


def page_phone() -> Json:
    """The phone in the page is in somebody's other browser."""
    return {
        "device": "page",
        "devices": [],
        "held_by": "another",
        "session": "this",
        "path": "/phone",
        "uri": "sip:1001@127.0.0.1",
        "user": "1001-page",
        "password": "x",
        "ice_servers": [],
    }


def party(number: int, **more: Any) -> Json:
    """The contact (0), or an agent; the first of them looks."""
    agent = PEOPLE[number - 1] if number else None
    you = number == 1
    others = ["remove", "hold", "send_dtmf"] if not you else []
    return {
        "id": f"p{number}",
        "role": "agent" if agent else "contact",
        "agent": agent[0] if agent else None,
        "name": agent[1] if agent else "Zoé Caller",
        "number": agent[2] if agent else "+33612345678",
        "anonymous": False,
        "state": "connected",
        "muted": False,
        "deaf": False,
        "talking": False,
        "you": you,
        "actions": ["mute", "deafen", *others],
        "joined_at": EARLIER,
        "held_since": None,
        **more,
    }


def call(size: int = 2, **more: Any) -> Json:
    """A call with so many parties: Alice talks to a contact, and to others."""
    return {
        "id": "c1",
        "type": "inbound",
        "state": "established",
        "owner": "alice",
        "parent": None,
        "user_data": {"ticket": "4711", "topic": "billing"},
        "caller_id": None,
        "started_at": EARLIER,
        "answered_at": EARLIER,
        "held_since": None,
        "parties": [party(number) for number in range(size)],
        "offer": None,
        "actions": [
            "clear",
            "hold",
            "initiate_transfer",
            "release",
            "send_dtmf",
            "single_step_conference",
            "single_step_transfer",
            "start_recording",
            "update_user_data",
        ],
        "recording": None,
        "monitors": [],
        "dialled": "2000",
        "queue": None,
        "queued_at": None,
        "ended_at": None,
        "ended_by": None,
        "end_reason": None,
        "callback": None,
        **more,
    }


def hearing(parties: int, *, music: bool = False, muted: str | None = None) -> Json:
    """Everybody hears everybody, but for a contact to whom music is played, and one whom nobody hears."""
    ids = [f"p{number}" for number in range(parties)]
    matrix = [{"ear": ear, "hears": [i for i in ids if i not in (ear, muted)], "sound": "talk"} for ear in ids]
    if music:
        matrix[0] = {"ear": "p0", "hears": [], "sound": "music"}
    return {"type": "call.hearing", "call_id": "c1", "matrix": matrix}


def target(what: str, kind: str, name: str, **more: Any) -> Json:
    """Something that can be reached."""
    return {
        "target": what,
        "type": kind,
        "name": name,
        "state": None,
        "available": None,
        "as_of": AT,
        "actions": VERBS,
        **more,
    }


FOUND: Json = {
    "type": "subscribed",
    "targets": [
        target("agent:bob", "agent", "Bob Lefèvre", state="ready"),
        target("agent:carol", "agent", "Carol Nguyen", state="on_call", actions=[]),
        target("agent:dave", "agent", "Dave Müller", state="not_ready", actions=[]),
        target("group:support", "group", "Support", available=3),
        target("group:sales", "group", "Sales", available=0, actions=[]),
        target("queue:sales", "queue", "Sales queue", available=1),
        target("skill:french", "skill", "French", available=2),
        target("routing_point:billing", "routing_point", "Billing menu"),
        target("number:+33555000111", "number", "+33555000111"),
    ],
}
BUSY = FOUND | {
    "targets": [
        each | {"state": "on_call", "actions": []} if each["target"] == "agent:bob" else each
        for each in FOUND["targets"]
    ]
}
"""Bob is in the call."""
HELD: Json = {"held_since": "2026-11-28T11:58:10.000Z", "state": "held"}
MONITOR = {"agent": "erin", "name": "Erin O'Brien", "mode": "listen", "state": "connected", "you": True}
RINGING: Json = {"state": "ringing", "actions": ["answer", "release"], "answered_at": None}
OFFER = {
    "id": "o1",
    "kind": "transfer",
    "target": "agent:bob",
    "ringing": ["bob"],
    "state": "declined",
    "caller_id": None,
    "ring_until": None,
}
CONSULT_VERBS = [
    "alternate",
    "complete_conference",
    "complete_transfer",
    "hold",
    "reconnect",
    "release",
    "send_dtmf",
    "single_step_transfer",
]


def _past(number: int, outcome: str, **more: Any) -> Json:
    return {
        "id": f"h{number}",
        "outcome": outcome,
        "type": "inbound",
        "contact": {"name": "Zoé Caller", "number": "+33612345678", "anonymous": False},
        "agents": ["alice"],
        "missed_by": [],
        "dialled": "2000",
        "queue": None,
        "started_at": EARLIER,
        "ended_at": AT,
        "dispositions": [],
        "segments": [],
        **more,
    }


def _talk(begins_at: str) -> Json:
    return {"agent": "alice", "kind": "talk", "begins_at": begins_at, "ends_at": AT}


HISTORY = {
    "calls": [
        _past(
            1,
            "answered",
            segments=[_talk(EARLIER)],
            dispositions=[
                {
                    "agent": "alice",
                    "code": "solved",
                    "notes": "Wants the invoice of May once more,\nby letter.",
                    "at": AT,
                }
            ],
        ),
        _past(2, "missed", agents=[], missed_by=["alice"]),
        _past(3, "answered", type="internal", contact=None, agents=["alice", "bob"], dialled="1002"),
        _past(4, "unanswered", type="outbound", contact={"name": "", "number": "+33555000111", "anonymous": False}),
        _past(5, "answered", contact={"name": "", "number": "", "anonymous": True}),
    ],
    "next": None,
}


def _seconds(numerator: float, denominator: float) -> Json:
    value = numerator / denominator if denominator else None
    return {"numerator": numerator, "denominator": denominator, "value": value}


def day(*, unseen: int = 0, **figures: Any) -> Json:
    """Alice's figures of today, and how many missed calls are news to them."""
    span = {"begins_at": "2026-11-27T23:00:00.000Z", "ends_at": "2026-11-28T23:00:00.000Z"}
    states = (
        ("ready", None, 5400.0),
        ("on_call", None, 9120.0),
        ("wrap_up", None, 1260.0),
        ("not_ready", "lunch", 2700.0),
        ("not_ready", "break", 900.0),
        ("ringing", None, 190.0),
    )
    row = {
        "agent": "alice", "name": "Alice Martin", **span, "rung": 34, "answered": 31, "missed": 2, "declined": 1,
        "busy": 0, "unavailable": 0, "withdrawn": 0, "calls": 36, "talk": 8040.0, "hold": 1080.0, "wrap_up": 1260.0,
        "transfers": 3, "conferences": 1, "logged_in": sum(seconds for _, _, seconds in states),
        "states": [{"state": state, "reason": reason, "seconds": seconds} for state, reason, seconds in states],
        "occupancy": _seconds(10570.0, 19570.0), "handle_time": _seconds(10380.0, 36),
    }  # fmt: skip
    more = {"tz": "Europe/Paris", "as_of": AT, "missed_unseen": unseen, "history_at": AT}
    return {**span, **more, "figures": {**row, **figures}}


MISSED = {
    "calls": [
        _past(6, "missed", agents=[], missed_by=["alice"], queue="sales"),
        _past(2, "missed", agents=["bob"], missed_by=["alice"], ended_at="2026-11-28T11:00:00.000Z"),
        _past(7, "missed", agents=[], missed_by=["alice"], ended_at="2026-11-27T15:00:00.000Z",
              contact={"name": "", "number": "", "anonymous": True}),
    ],
    "unseen": 2,
    "seen_until": "2026-11-27T16:00:00.000Z",
}  # fmt: skip
RECORDINGS = {
    "recordings": [
        {
            "id": "r1",
            "call_id": "h1",
            "state": "complete",
            "started_at": EARLIER,
            "started_by": "alice",
            "ended_at": AT,
            "agents": ["alice"],
            "file": "r1.wav",
            "seconds": 154.0,
            "size": 2464044,
        }
    ],
    "next": None,
}


def party_states() -> list[Json]:
    """Eight parties, each another way."""
    parties = [party(number) for number in range(8)]
    parties[0] |= {"state": "held"}
    parties[2] |= {"muted": True, "talking": False}
    parties[3] |= {"deaf": True, "talking": True}
    parties[5] |= {"state": "ringing", "actions": []}
    return parties


def _share(numerator: int, denominator: int) -> Json:
    return {"numerator": numerator, "denominator": denominator}


def live(target: str, name: str, waiting: int, *, calls: int = 104, late: int = 13, gone: int = 4) -> Json:
    """A queue or group, as supervisors see it: of today's calls some were answered late, and some gave up."""
    return {
        "target": target,
        "name": name,
        "waiting": waiting,
        "oldest_queued_at": EARLIER if waiting else None,
        "callbacks": 2,
        "talking": 12,
        "agents": {"ready": 0 if waiting else 2, "on_call": 12},
        "available": 0 if waiting else 2,
        "answered": _share(calls - gone, calls),
        "service_level": _share(calls - late, calls),
        "abandoned": _share(gone, calls),
        "speed_of_answer": _share(14 * (calls - gone), calls - gone),
        "opening": {
            "open": True,
            "changes_at": None,
            "opening": "hours",
            "hours": None,
            "until": None,
            "by": None,
            "at": None,
        },
        "as_of": AT,
    }


def crowd(size: int) -> list[Json]:
    """Agents in all states."""
    states = ("ready", "on_call", "on_call", "not_ready", "wrap_up", "logged_out", "ringing")
    described = me()
    shape = {
        key: described[key] for key in ("role", "since", "phone_device", "phone_state", "next_state", "next_reason")
    }
    return [
        shape
        | {
            "agent": f"a{number}",
            "name": f"{PEOPLE[number % len(PEOPLE)][1]} {number}",
            "state": states[number % len(states)],
            "reason": "lunch" if states[number % len(states)] == "not_ready" else None,
            "phone": str(2000 + number),
            # Of those who are ready every third can't be called.
            "phone_state": "unreachable" if number % 21 == 7 else "reachable",
            "wrap_up_until": None,
            "wrap_up_call": None,
            "groups": [],
            "calls": [],
        }
        for number in range(size)
    ]


CONFIGURATION = {
    "configuration": {"agents": {"alice": {"name": "Alice Martin"}}, "settings": {"offer_timeout": 15}},
    "configured_at": EARLIER,
    "faults": [{"field": "groups.sales", "file": "callcentre.yaml", "line": 72, "message": "is unknown"}],
    "state": "last_good",
}
STORY = [
    {"at": EARLIER, "kind": "stimulus", "what": "CallArrived", "detail": {"leg": "l1", "number": "2000"}},
    {"at": EARLIER, "kind": "effect", "what": "ReserveAgent", "detail": {"target": "group:support"}},
    {"at": EARLIER, "kind": "stimulus", "what": "AgentReserved", "detail": {"agent": "alice"}},
    {"at": AT, "kind": "effect", "what": "CreateLeg", "detail": {"leg": "l2", "destination": "1001"}},
]
