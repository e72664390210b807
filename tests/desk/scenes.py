"""Scenes of the desk: what the server tells in each of them, and what somebody does then."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

from tests.desk.reported import (
    AT,
    BUSY,
    CONFIGURATION,
    CONSULT_VERBS,
    EARLIER,
    FOUND,
    HELD,
    HISTORY,
    MISSED,
    MONITOR,
    OFFER,
    RECORDINGS,
    RINGING,
    STORY,
    TICKET,
    call,
    crowd,
    day,
    hearing,
    live,
    me,
    page_phone,
    party,
    party_states,
)
from tests.desk.stage import Json, Refusal, Scene

NO_MESSAGES: Json = {"voicemails": [], "next": None}
# Supervisors have a desk, too.
NOBODY_OVERSEEN: Json = {
    "/v1/agents": {"agents": []}, "/v1/live": {"targets": [], "voicemails": []}, "/v1/alarms": {"alarms": []},
}  # fmt: skip
ALARM = {
    "id": "oldest_wait:queue:sales", "alarm": "oldest_wait", "subject": "queue:sales", "raised_at": EARLIER,
    "cleared_at": None, "value": 60.0, "limit": 60.0, "detail": None,
}  # fmt: skip
# What is there once the page has taken in all that it was sent.
TARGETS, MATRIX = ".targets li", ".who-hears"
WITHOUT_MICROPHONE = (
    "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));"
)


def scene(
    name: str, *calls: Json, mine: Json | None = None, then: Any = None, more: tuple[Json, ...] = (), **others: Any
) -> Scene:
    """The agent's desk with these calls."""
    more_answers = others.pop("answers", {})
    bob = any(each["agent"] == "bob" for one in calls for each in one["parties"])
    snapshot = {"type": "snapshot", "me": mine or me(), "calls": list(calls)}
    answers = {
        "/v1/events/ticket": TICKET,
        "/v1/me": mine or me(),
        "/v1/me/phone": page_phone(),
        "/v1/calls/c1/hearing": {"matrix": []},
        "/v1/history": HISTORY,
        "/v1/voicemails": NO_MESSAGES,
        "/v1/me/day": day(unseen=2 if name.startswith("day") else 0),
        "/v1/me/missed": MISSED,
        "/v1/me/missed/seen": {},
        "/v1/recordings": RECORDINGS,
        **NOBODY_OVERSEEN,
        **more_answers,
    }
    shows = (TARGETS, *([MATRIX] if any(event["type"] == "call.hearing" for event in more) else []))
    return Scene(name, answers, (snapshot, *more, BUSY if bob else FOUND), then=then, **{"shows": shows, **others})


async def _caller_id(page: Page) -> None:
    item = page.get_by_role("listitem", name="+33555000111")
    await item.locator("button[aria-haspopup=menu]").click()
    await item.get_by_role("menuitem").first.click()


async def _keypad(page: Page) -> None:
    await page.locator(".actions button[aria-haspopup=dialog]").click()


async def _party_menu(page: Page) -> None:
    await page.locator(".parties li").nth(2).locator("button[aria-haspopup=menu]").click()


async def _status_menu(page: Page) -> None:
    await page.locator(".bar button[aria-haspopup=menu]").first.click()


async def _transfer(page: Page) -> None:
    await page.locator("button[aria-pressed]").first.click()


async def _target_menu(page: Page) -> None:
    await page.locator(".targets button[aria-haspopup=menu]").first.click()


async def _shortcuts(page: Page) -> None:
    await page.locator(".bar button[aria-haspopup=dialog]").last.click()


async def _password(page: Page) -> None:
    await page.locator(".bar button[aria-haspopup=dialog]").nth(-2).click()
    for name in ("current", "new", "repeated"):
        await page.locator(f"input[name={name}-password]").fill(f"{name} password")
    await page.locator("dialog button[type=submit]").click()
    await page.locator("dialog .problem").wait_for()


async def _person_menu(page: Page) -> None:
    await page.locator(".people button[aria-haspopup=menu]").first.click()


async def _audio(page: Page) -> None:
    await page.locator(".bar button[aria-haspopup=dialog]").first.click()


async def _refused_login(page: Page) -> None:
    await page.locator("input[name=agent]").fill("alice")
    await page.locator("input[name=password]").fill("wrong")
    await page.locator("button[type=submit]").click()
    await page.locator(".login .problem").wait_for()


async def _refused_hold(page: Page) -> None:
    await page.locator(".interaction .actions button").first.click()
    await page.locator(".problems p").wait_for()


def overseen(
    name: str, path: str, role: str, *calls: Json, then: Any = None, people: int = 150, more: tuple[Json, ...] = ()
) -> Scene:
    """A supervisor's or administrator's page."""
    mine = me(
        agent="erin", name="Erin O'Brien", role=role, state="ready", phone="1005" if role == "supervisor" else None
    )
    ready = {"ready": True, "asterisk": True, "store": True, "configuration": "current", "configured_at": EARLIER}
    answers = {
        "/v1/events/ticket": TICKET,
        "/v1/me": mine,
        "/v1/calls/c1/hearing": {"matrix": hearing(3)["matrix"]},
        "/v1/me/day": day(),
        "/v1/me/missed": MISSED,
        "/v1/agents": {"agents": crowd(people)},
        "/v1/live": {
            "targets": [
                live("queue:sales", "Sales queue", 4),
                live("group:support", "Support", 0, calls=61, late=3, gone=1),
                live("group:sales", "Sales", 1, calls=18, late=5, gone=2),
            ][: people and 3],
            "voicemails": [],
        },
        "/v1/alarms": {"alarms": [ALARM][:people]},
        "/readyz": ready,
        "/v1/history": HISTORY,
        "/v1/voicemails": NO_MESSAGES,
        "/v1/admin/configuration": CONFIGURATION,
        "/v1/admin/calls/c1/story": {"call_id": "c1", "story": STORY},
    }
    snapshot = {"type": "snapshot", "me": mine, "calls": list(calls)}
    return Scene(
        name,
        answers,
        (snapshot, *more, FOUND),
        path=path,
        then=then,
        shows=(".sections" if path == "/#admin" else ".people li" if people else "[aria-labelledby=queues-title] p",),
    )


def _others(call: Json) -> Json:
    for each in call["parties"]:
        each["you"] = False
    return call | {"actions": ["clear", "monitor", "take_over"]}


async def _details(page: Page) -> None:
    await page.locator(".calls button[aria-expanded=false]").first.click()
    await page.locator(".calls .who-hears").wait_for()


async def _story(page: Page) -> None:
    await page.locator(".calls button").first.click()
    await page.locator(".story").wait_for()


async def _history(page: Page) -> None:
    await page.locator(".history summary").click()
    await page.locator(".history li").first.wait_for()


ENDED: Json = {"type": "call.ended", "call": call(state="released", actions=[])}
TRANSFERRED: Json = {
    "type": "call.ended",
    "call": call(state="released", actions=[], offer=OFFER | {"state": "accepted"}, parties=[party(0), party(2)]),
}
WRAP_UP = me(state="wrap_up", wrap_up_until="2026-11-28T12:00:42.000Z", wrap_up_call="c1")
UNREACHABLE = me(state="ready", reason="phone_unreachable", phone_state="unreachable")
TURNED = "\u202eZoé Caller"
PAGE = me(state="not_ready", reason="phone_unreachable", phone_device="page", phone_state="unreachable")
WRONG_PASSWORD = {"/v1/login": Refusal(401, "unauthenticated")}
GONE = Refusal(404, "not_found")
# A call that is over by then.
REFUSED = {"/v1/calls/c1/hold": GONE, "/v1/calls/c1/start-recording": GONE}
WAYS: Json = {"passwords": True, "oidc": {"name": "Acme", "path": "/v1/login/oidc"}}

NONE = dict.fromkeys(("rung", "answered", "missed", "declined", "calls", "talk", "hold", "wrap_up", "transfers"), 0)
NO_MEAN: Json = {"numerator": 0, "denominator": 0, "value": None}
NOTHING: Json = {
    "/v1/me/day": day(**NONE, states=[], handle_time=NO_MEAN),
    "/v1/me/missed": {"calls": [], "unseen": 0, "seen_until": None},
    "/v1/history": {"calls": [], "next": None},
}

SCENES = (
    Scene("login", WRONG_PASSWORD, logged_in=False),
    Scene("login-issuer", {"/v1/login": WAYS}, logged_in=False, shows=(".login a",)),
    Scene(
        "login-issuer-refused",
        {"/v1/login": {**WAYS, "passwords": False}},
        logged_in=False,
        path="/#login?problem=unknown_agent",
        shows=(".login .problem", ".login a.primary"),
    ),
    Scene("login-refused", WRONG_PASSWORD, logged_in=False, then=_refused_login),
    scene("empty", mine=me(state="not_ready")),
    scene(
        "ringing", call(**RINGING, parties=[party(0), party(1, state="ringing", actions=[])]), mine=me(state="ringing")
    ),
    scene("call", call(), answers=REFUSED),
    scene(
        "conference",
        call(parties=[party(0), party(1), party(2, muted=True, actions=["unmute", "deafen", "remove", "hold"])]),
        more=(hearing(3, muted="p2"),),
    ),
    scene("crowd", call(parties=party_states()), more=(hearing(8, music=True),)),
    scene(
        "transfer-declined",
        call(
            **HELD, offer=OFFER, actions=["clear", "release", "retrieve", "single_step_transfer", "initiate_transfer"]
        ),
        more=({"type": "call.alarm", "call_id": "c1", "alarm": "held_too_long", "since": AT},),
    ),
    scene(
        "consultation",
        call(
            **HELD,
            parties=[party(0, state="held", held_since=HELD["held_since"]), party(1, state="held")],
            actions=["release", "retrieve", "update_user_data"],
        ),
        call(
            2, id="c2", type="consult", parent="c1", parties=[party(1), party(2)], actions=CONSULT_VERBS, user_data={}
        ),
    ),
    scene("transfer", call(), then=_transfer),
    scene("caller-id", mine=me(state="ready"), then=_caller_id),
    scene("keypad", call(), then=_keypad),
    scene("target-menu", call(), then=_target_menu),
    scene("refused", call(), then=_refused_hold, answers=REFUSED),
    scene("shortcuts", mine=me(state="ready"), then=_shortcuts),
    scene("password", mine=me(state="ready"), then=_password, answers={"/v1/me/password": GONE}),
    scene("audio", mine=PAGE, then=_audio),
    scene("phone-elsewhere", mine=PAGE | {"phone_state": "in_use"}, shows=(TARGETS, ".banner")),
    scene("no-microphone", mine=PAGE, before=WITHOUT_MICROPHONE, shows=(TARGETS, ".banner.bad")),
    scene("embedded", call(), path="/embed"),
    scene("party-menu", call(3), then=_party_menu, more=(hearing(3),)),
    scene("status-menu", mine=me(state="not_ready", reason="lunch"), then=_status_menu),
    overseen(
        "supervisor",
        "/#supervisor",
        "supervisor",
        _others(call(3, monitors=[MONITOR])),
        _others(call(id="c9", **HELD)),
        then=_details,
    ),
    overseen("administrator-of-people", "/#supervisor", "admin", then=_person_menu, people=12),
    overseen(
        "emergency",
        "/#supervisor",
        "supervisor",
        people=12,
        more=(
            {"type": "emergency.dialled", "agent": None, "phone": "1077", "number": "15"},
            {"type": "emergency.dialled", "agent": crowd(1)[0]["agent"], "phone": "1001", "number": "112"},
        ),
    ),
    overseen("nobody", "/#supervisor", "supervisor", people=0),
    overseen("admin", "/#admin", "admin", _others(call(3)), then=_story),
    scene("history", mine=me(state="ready"), then=_history),
    scene("day", mine=me(state="ready"), path="/#day", shows=(".figures", "[aria-labelledby=today-title] li")),
    scene("day-nothing", mine=me(state="not_ready"), path="/#day", shows=(".figures",), answers=NOTHING),
    scene("unreachable", mine=UNREACHABLE, shows=(TARGETS, ".banner.bad")),
    scene("after-call", call(), mine=WRAP_UP, more=(ENDED,)),
    scene("transferred", call(), more=(TRANSFERRED,), mine=me(state="ready")),
    scene("wrap-up", mine=WRAP_UP | {"next_state": "not_ready"}),
    scene("turned-names", call(parties=[party(0, name=TURNED) | {"number": "+33\u202e6"}, party(1)])),
)
