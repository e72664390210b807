"""Examples of bodies for the OpenAPI document, by the type that they are of: one call, and who sees it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ari_app.api.models.agents import LoggedIn, Login, Logout, Me, NewState
from ari_app.api.models.alarms import Alarms
from ari_app.api.models.calls import (
    Calls,
    DtmfRequest,
    HearingDocument,
    MergeRequest,
    MonitorRequest,
    OfferRequest,
    PartyDtmfRequest,
    TakeOverRequest,
    UserDataChanges,
)
from ari_app.api.models.day import DayDocument, MissedDocument, MissedSeen
from ari_app.api.models.given import GivenRow, GivenRows, NewGroups, NewSkills
from ari_app.api.models.history import DispositionDocument, HistoryDocument, NewDisposition
from ari_app.api.models.oidc import FromIssuer, IssuerLeft, LoginWays
from ari_app.api.models.openings import NewOpening, OpeningDocument, OpeningDocuments
from ari_app.api.models.phones import MyPhone, NewDevice
from ari_app.api.models.recordings import RecordingsDocument
from ari_app.api.models.reports import AgentReportDocument, QueueReportDocument
from ari_app.api.models.sessions import NewPassword, SessionsEnded
from ari_app.api.models.sockets import Ticket
from ari_app.api.models.supervision import AgentRow, AgentRows, CallBacks, Live, StateForAnother
from ari_app.api.models.targets import TargetDocument, Targets
from ari_app.api.models.voicemails import MarkedVoicemail, VoicemailDocument, VoicemailsDocument
from ari_app.calls.views import CallView

type Json = Mapping[str, Any]

_OFFER = {"target": "group:support", "caller_id": "sales", "user_data": {"ticket": "4711"}}

REQUESTS: Mapping[Any, Json] = MappingProxyType(
    {
        MarkedVoicemail: {"state": "done"},
        DtmfRequest: {"digits": "1234#", "party": None},
        FromIssuer: {"state": "kC0…", "code": "9Zr…", "error": None, "iss": "https://login.example.org"},
        Login: {"agent": "marie", "password": "correct horse battery staple"},
        Logout: {"all": False},
        MergeRequest: {"call_id": "3f9k2a-c7"},
        MonitorRequest: {"mode": "listen", "party": None},
        MissedSeen: {"until": "2026-11-22T20:40:55.870Z"},
        NewDevice: {"device": "page"},
        NewDisposition: {"code": "solved", "notes": "Wants an invoice."},
        NewOpening: {"opening": "closed", "until": "2026-11-23T08:00:00Z"},
        NewPassword: {"current_password": "as it was", "new_password": "correct horse battery staple"},
        NewState: {"state": "not_ready", "reason": "lunch"},
        OfferRequest: _OFFER,
        PartyDtmfRequest: {"digits": "1234#"},
        NewGroups: {"groups": ["support", "sales"]},
        NewSkills: {"skills": {"french": 5, "billing": 2}},
        StateForAnother: {"state": "not_ready", "reason": "lunch"},
        TakeOverRequest: {"party": None},
        UserDataChanges: {"ticket": "4711", "draft": None},
    }
)

_CONTACT: Json = {
    "id": "3f9k2a-p1",
    "role": "contact",
    "agent": None,
    "name": "Zoé Caller",
    "number": "+33612345678",
    "anonymous": False,
    "state": "connected",
    "muted": False,
    "deaf": False,
    "talking": True,
    "you": False,
    "actions": ["deafen", "hold", "mute", "send_dtmf"],
    "joined_at": "2026-11-22T20:34:00.120Z",
    "held_since": None,
}
_MARIE: Json = {
    **_CONTACT,
    "id": "3f9k2a-p2",
    "role": "agent",
    "agent": "marie",
    "name": "Marie Dupont",
    "number": "1001",
    "talking": False,
    "you": True,
    "actions": ["deafen", "hold", "mute"],
    "joined_at": "2026-11-22T20:34:06.431Z",
}
_CALL: Json = {
    "id": "3f9k2a-c7",
    "type": "inbound",
    "state": "established",
    "owner": "marie",
    "parent": None,
    "user_data": {"ticket": "4711"},
    "caller_id": None,
    "started_at": "2026-11-22T20:34:00.120Z",
    "answered_at": "2026-11-22T20:34:06.431Z",
    "held_since": None,
    "parties": [_CONTACT, _MARIE],
    "offer": {
        "id": "3f9k2a-o3",
        "kind": "call",
        "target": "queue:sales",
        "ringing": [],
        "state": "accepted",
        "caller_id": None,
        "ring_until": None,
    },
    "actions": ["clear", "hold", "initiate_transfer", "release", "send_dtmf", "single_step_transfer"],
    "recording": None,
    "monitors": [],
    "dialled": "3000",
    "queue": "sales",
    "queued_at": "2026-11-22T20:34:00.340Z",
    "ended_at": None,
    "ended_by": None,
    "end_reason": None,
    "callback": None,
    "voicemail": None,
}
_CALLED_BACK: Json = {
    "call": "3f9k2a-c9",
    "target": "queue:sales",
    "name": "Zoé Caller",
    "number": "+33612345678",
    "state": "resting",
    "promised_at": "2026-11-22T20:30:00.120Z",
    "expires_at": "2026-11-23T00:30:00.120Z",
    "tries": 1,
    "last": "busy",
    "next_at": "2026-11-22T20:41:12.004Z",
}
_AGENT: Json = {
    "agent": "marie",
    "name": "Marie Dupont",
    "role": "agent",
    "state": "on_call",
    "reason": None,
    "since": "2026-11-22T20:34:06.431Z",
    "phone": "1001",
    "phone_device": "desk",
    "phone_state": "reachable",
    "wrap_up_until": None,
    "wrap_up_call": None,
    "next_state": "not_ready",
    "next_reason": "lunch",
}
_ROW: Json = {**_AGENT, "groups": ["support"], "calls": ["3f9k2a-c7"]}
_TARGET: Json = {
    "target": "group:support",
    "type": "group",
    "name": "Support",
    "state": None,
    "available": 3,
    "as_of": "2026-11-22T20:34:06.431Z",
    "actions": ["call", "initiate_transfer", "single_step_conference", "single_step_transfer"],
}
_NOTE: Json = {"agent": "marie", "code": "solved", "notes": "Wants an invoice.", "at": "2026-11-22T20:41:10.002Z"}
_PAST: Json = {
    "id": "3f9k2a-c7",
    "type": "inbound",
    "outcome": "answered",
    "started_at": "2026-11-22T20:34:00.120Z",
    "answered_at": "2026-11-22T20:34:06.431Z",
    "ended_at": "2026-11-22T20:40:55.870Z",
    "ended_by": "contact",
    "end_reason": "hangup",
    "dialled": "3000",
    "queue": "sales",
    "queued_at": "2026-11-22T20:34:00.340Z",
    "contact": {"name": "Zoé Caller", "number": "+33612345678", "anonymous": False},
    "agents": ["marie"],
    "missed_by": ["bob"],
    "caller_id": None,
    "dispositions": [_NOTE],
    "parent": None,
    "transfers": 0,
    "conferences": 0,
    "segments": [
        {
            "party": "3f9k2a-p1",
            "role": "contact",
            "kind": "queue",
            "begins_at": "2026-11-22T20:34:00.340Z",
            "ends_at": "2026-11-22T20:34:06.431Z",
            "end": "answered",
            "ended_by": "agent:marie",
            "agent": None,
            "target": "queue:sales",
            "offer": None,
            "position": 2,
            "last_position": 1,
        }
    ],
}
_MISSED: Json = {
    **_PAST,
    "id": "3f9k2a-c4",
    "outcome": "missed",
    "answered_at": None,
    "agents": [],
    "missed_by": ["marie"],
    "dispositions": [],
    "segments": [],
}
_SPAN: Json = {"begins_at": "2026-11-22T20:30:00.000Z", "ends_at": "2026-11-22T20:45:00.000Z"}
_SALES_FIGURES: Json = {
    "target": "queue:sales", "name": "Sales", **_SPAN, "offered": 12, "answered": 9, "abandoned": 1,
    "short_abandons": 2, "overflowed": 0, "by_key": 0, "callbacks": 0, "nobody": 0, "otherwise": 0,
    "answer_within": 20.0, "answered_in_time": 8, "longest_wait": 61.25, "talk": 1800.0, "hold": 90.0, "wrap_up": 270.0,
    "transfers": 1,
    "conferences": 0,
    "service_level": {"numerator": 8.0, "denominator": 10.0, "value": 0.8},
    "abandonment": {"numerator": 1.0, "denominator": 10.0, "value": 0.1},
    "speed_of_answer": {"numerator": 99.0, "denominator": 9.0, "value": 11.0},
    "handle_time": {"numerator": 2160.0, "denominator": 9.0, "value": 240.0},
}  # fmt: skip
_MARIE_FIGURES: Json = {
    "agent": "marie", "name": "Marie Dupont", **_SPAN, "rung": 3, "answered": 2, "missed": 1, "declined": 0, "busy": 0,
    "unavailable": 0, "withdrawn": 0, "calls": 2, "talk": 480.0, "hold": 0.0, "wrap_up": 60.0, "transfers": 0,
    "conferences": 0, "logged_in": 900.0,
    "states": [
        {"state": "not_ready", "reason": "lunch", "seconds": 360.0},
        {"state": "on_call", "reason": None, "seconds": 480.0},
        {"state": "wrap_up", "reason": None, "seconds": 60.0},
    ],
    "occupancy": {"numerator": 540.0, "denominator": 900.0, "value": 0.6},
    "handle_time": {"numerator": 540.0, "denominator": 2.0, "value": 270.0},
}  # fmt: skip
_RECORDING: Json = {
    "id": "3f9k2a-r4",
    "call_id": "3f9k2a-c7",
    "state": "complete",
    "started_at": "2026-11-22T20:35:01.000Z",
    "started_by": "marie",
    "ended_at": "2026-11-22T20:40:55.870Z",
    "agents": ["marie"],
    "file": "calls/20261122T203501Z-3f9k2a-c7-r4.wav",
    "seconds": 354.86,
    "size": 5677804,
}
_MESSAGE: Json = {
    "id": "3f9k2a-v4",
    "box": "support",
    "call_id": "3f9k2a-c7",
    "state": "heard",
    "left_at": "2026-11-22T20:35:01.120Z",
    "seconds": 21.0,
    "name": "Zoé Durand",
    "number": "+33612345678",
    "anonymous": False,
    "queue": "sales",
    "dialled": "3000",
    "by": "marie",
    "marked_at": "2026-11-22T20:40:55.870Z",
}
_OPENING: Json = {
    "open": False,
    "changes_at": "2026-11-23T08:00:00.000Z",
    "opening": "closed",
    "hours": "office",
    "until": "2026-11-23T08:00:00.000Z",
    "by": "olga",
    "at": "2026-11-22T20:30:00.000Z",
}
_CLOSED: Json = {"target": "queue:sales", "name": "Sales", **_OPENING}
_SALES: Json = {
    "target": "queue:sales",
    "name": "Sales",
    "waiting": 2,
    "oldest_queued_at": "2026-11-22T20:33:41.300Z",
    "callbacks": 1,
    "talking": 3,
    "agents": {"on_call": 3, "ready": 1},
    "available": 1,
    "answered": {"numerator": 46, "denominator": 50},
    "opening": _OPENING,
    "service_level": {"numerator": 41, "denominator": 50},
    "abandoned": {"numerator": 4, "denominator": 50},
    "speed_of_answer": {"numerator": 552.4, "denominator": 46},
    "as_of": "2026-11-22T20:34:06.431Z",
}

_GIVEN: Json = {
    "agent": "marie",
    "name": "Marie Curie",
    "groups": ["support", "sales"],
    "skills": {"french": 5},
    "given": ["groups"],
    "given_by": "erin",
    "given_at": "2026-03-02T09:15:00.000Z",
    "file": {"groups": ["support"], "skills": {"french": 5}},
}

ANSWERS: Mapping[Any, Json] = MappingProxyType(
    {
        AgentRow: _ROW,
        AgentRows: {"agents": [_ROW]},
        Alarms: {
            "alarms": [
                {
                    "id": "oldest_wait:queue:sales",
                    "alarm": "oldest_wait",
                    "subject": "queue:sales",
                    "raised_at": "2026-01-02T03:04:05.678Z",
                    "cleared_at": None,
                    "value": 60.0,
                    "limit": 60.0,
                    "detail": None,
                }
            ]
        },
        GivenRow: _GIVEN,
        GivenRows: {"agents": [_GIVEN]},
        Calls: {"calls": [_CALL]},
        CallView: _CALL,
        CallBacks: {"callbacks": [_CALLED_BACK]},
        DispositionDocument: _NOTE,
        HearingDocument: {
            "matrix": [
                {"ear": "3f9k2a-p1", "hears": ["3f9k2a-p2"], "sound": "talk"},
                {"ear": "3f9k2a-p2", "hears": ["3f9k2a-p1"], "sound": "talk"},
            ]
        },
        AgentReportDocument: {
            **_SPAN,
            "interval": "15m",
            "tz": "Europe/Paris",
            "totals": [_MARIE_FIGURES],
            "intervals": [_MARIE_FIGURES],
        },
        QueueReportDocument: {
            **_SPAN,
            "interval": "15m",
            "tz": "Europe/Paris",
            "service_level": 20.0,
            "short_abandon": 5.0,
            "totals": [_SALES_FIGURES],
            "intervals": [_SALES_FIGURES],
        },
        DayDocument: {
            "begins_at": "2026-11-21T23:00:00.000Z",
            "ends_at": "2026-11-22T23:00:00.000Z",
            "tz": "Europe/Paris",
            "as_of": "2026-11-22T20:41:10.002Z",
            "figures": _MARIE_FIGURES,
            "missed_unseen": 1,
            "history_at": "2026-11-22T20:41:10.002Z",
        },
        MissedDocument: {"calls": [_MISSED], "unseen": 1, "seen_until": "2026-11-21T17:02:00.000Z"},
        HistoryDocument: {"calls": [_PAST], "next": "3f9k2a-c7"},
        Live: {
            "targets": [_SALES],
            "voicemails": [
                {"box": "support", "name": "Support", "unheard": 1, "oldest_unheard_at": "2026-11-22T20:10:00.000Z"}
            ],
        },
        IssuerLeft: {"url": None},
        LoginWays: {"passwords": True, "oidc": {"name": "Acme", "path": "/v1/login/oidc"}},
        LoggedIn: {"token": "bTq…", "expires_at": "2026-11-23T08:34:06.431Z", "agent": "marie"},
        Me: {
            **_AGENT,
            "caller_ids": [{"id": "sales", "name": "Sales", "number": "+33140000002"}],
            "default_caller_id": "sales",
            "reasons": [{"id": "lunch", "label": "At lunch"}],
            "features": {
                "conferences": True,
                "recording": True,
                "monitoring": False,
                "talk_detection": True,
                "phone_in_page": True,
                "passwords": True,
                "hear_recordings": False,
                "dispositions": [{"code": "solved", "label": "Solved"}],
                "disposition_required": False,
                "caller_id_for": ["call", "transfer"],
                "max_hold": 120.0,
            },
            "groups": [{"id": "support", "name": "Support"}],
        },
        OpeningDocument: _CLOSED,
        OpeningDocuments: {"openings": [_CLOSED]},
        MyPhone: {
            "device": "page",
            "devices": [
                {"device": "desk", "number": "1001", "state": "unreachable"},
                {"device": "page", "number": "1001", "state": "reachable"},
            ],
            "held_by": "8d1f0c2b",
            "session": "8d1f0c2b",
            "path": "/phone",
            "uri": "sip:1001-page@callcontrol.invalid",
            "user": "1001-page",
            "password": "Zk3…",
            "ice_servers": [{"urls": ["turn:turn.example.org"], "username": "desk", "credential": "…"}],
        },
        RecordingsDocument: {"recordings": [_RECORDING], "next": None},
        VoicemailDocument: _MESSAGE,
        VoicemailsDocument: {"voicemails": [_MESSAGE], "next": None},
        SessionsEnded: {"agent": "marie", "ended": 2},
        TargetDocument: _TARGET,
        Targets: {"targets": [_TARGET]},
        Ticket: {"ticket": "h7W…", "expires_at": "2026-11-22T20:34:36.431Z"},
    }
)
