"""What the page says where something is not as it should be, and that nothing that is typed or shown is lost.

The server is played by a scene: each of these needs no call.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Error, Page, Request, Route, WebSocketRoute, expect

from tests.desk.reported import AT, CONFIGURATION, FOUND, HISTORY, call, day, target
from tests.desk.scenes import SCENES, TURNED
from tests.desk.stage import Json, Language, Scene, Stage

NAMED: dict[str, Scene] = {scene.name: scene for scene in SCENES}
HOLD = "**/v1/calls/c1/hold"
READ: Json = CONFIGURATION
FAULT: Json = READ["faults"][0]
LATER = "2026-11-28T12:00:05.000Z"
LOOKS = 12_000.0
"""Milliseconds: the administrator's page looks every five seconds."""
SOONER = "const later = window.setInterval; window.setInterval = (what, every) => later(what, every / 10);"
"""What a page does again and again it does ten times as often."""
CUT_OFF = """[...document.querySelectorAll('.people span:not(.sr)')].filter(
  each => getComputedStyle(each).overflow === 'hidden' && each.scrollWidth > each.clientWidth).length"""


async def test_an_agent_whose_phone_is_away_sees_at_once_that_no_call_comes(on_stage: Stage) -> None:
    async with on_stage.show(NAMED["unreachable"], "fr") as page:
        status = page.get_by_role("button", name="Statut : Prêt, mais injoignable")
        await expect(status).to_have_class(re.compile("state-unreachable"))
        await expect(page.get_by_role("alert").filter(has_text="Aucun appel ne peut vous parvenir")).to_contain_text(
            "votre poste 1001 ne répond pas"
        )
        good = await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--good')")
        dot = status.locator(".dot")
        await expect(dot).not_to_have_css("color", good)
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_role("button", name="Status: Ready, but unreachable")).to_be_visible()


async def test_a_message_goes_when_the_next_attempt_is_done_and_there_is_one_of_each(on_stage: Stage) -> None:
    async with on_stage.show(NAMED["call"], "fr") as page:
        messages = page.locator(".problems p")
        hold = page.get_by_role("button", name="Mettre en attente", exact=True)
        await hold.click()
        await expect(messages).to_have_count(1)
        await expect(page.get_by_role("region", name="Messages")).to_contain_text("Cet appel n’existe plus.")
        await page.get_by_role("button", name="Enregistrer l’appel", exact=True).click()
        await expect(messages).to_have_count(1)

        async def held(route: Route) -> None:
            await route.fulfill(json={})

        await page.route(HOLD, held)
        await hold.click()
        await expect(messages).to_have_count(0)


async def test_notes_are_there_after_a_reload_and_saved_before_wrap_up_ends(on_stage: Stage) -> None:
    async with on_stage.show(NAMED["after-call"], "en") as page:
        requested = _changes(page)
        await page.route("**/v1/calls/c1/disposition", _taken)
        await page.route("**/v1/me/state", _taken)
        await page.get_by_label("Notes").press_sequentially("wants a lett")
        await page.reload()
        await expect(page.get_by_label("Notes")).to_have_value("wants a lett")
        await page.get_by_label("Notes").press_sequentially("er")
        await page.get_by_role("button", name="Done").click()
        async with asyncio.timeout(5):
            while (last := await requested.get())[0] != "/v1/me/state":
                saved = last
        assert saved == ("/v1/calls/c1/disposition", {"code": None, "notes": "wants a letter"})


async def _taken(route: Route) -> None:
    await route.fulfill(json={})


def _changes(page: Page) -> asyncio.Queue[tuple[str, object]]:
    """What the page has the server change from now on."""
    found: asyncio.Queue[tuple[str, object]] = asyncio.Queue()

    def requested(request: Request) -> None:
        if request.method in ("PATCH", "PUT"):
            found.put_nowait((urlsplit(request.url).path, request.post_data_json))

    page.on("request", requested)
    return found


async def test_who_is_refused_the_microphone_reads_what_to_do(on_stage: Stage) -> None:
    refuses = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));"
    scene = NAMED["no-microphone"]
    refused = replace(scene, before=refuses)
    async with on_stage.show(refused, "fr") as page:
        await expect(page.get_by_role("alert").filter(has_text="microphone")).to_contain_text(
            "Cliquez sur l’icône à gauche de l’adresse"
        )
    async with on_stage.show(scene, "en") as page:
        await expect(page.get_by_role("alert").filter(has_text="microphone")).to_contain_text(
            "No microphone is plugged in"
        )


async def test_a_name_that_turns_the_text_around_it_turns_nothing(on_stage: Stage) -> None:
    async with on_stage.show(NAMED["turned-names"], "en") as page:
        assert TURNED.startswith("\u202e")
        await expect(page.get_by_role("region", name="Zoé Caller, +336")).to_be_visible()
        assert "\u202e" not in await page.locator("main").inner_text()


async def test_recent_calls_say_the_way_and_the_number_and_no_number_that_is_withheld(on_stage: Stage) -> None:
    async with on_stage.show(NAMED["history"], "fr") as page:
        calls = page.get_by_role("list", name="Appels récents").get_by_role("listitem")
        await expect(calls.nth(0)).to_contain_text("Appel reçu")
        await expect(calls.nth(0)).to_contain_text("+33612345678")
        await expect(calls.nth(2)).to_contain_text("Appel émis")
        await expect(calls.nth(2)).to_contain_text("1002")
        withheld = calls.filter(has_text="Anonyme")
        assert not re.search(r"[+]\d", await withheld.inner_text())
        await expect(withheld.get_by_role("button")).to_have_count(0)
        await expect(calls.nth(1).get_by_role("button", name="Rappeler")).to_be_visible()


@pytest.mark.parametrize("width", [320, 400])
async def test_a_supervisor_loses_nothing_in_a_narrow_window(on_stage: Stage, width: int) -> None:
    async with on_stage.show(NAMED["supervisor"], "fr", width=width) as page:
        cells = page.get_by_role("table", name="Files et groupes").get_by_role("cell")
        for cell in await cells.all():
            box = await cell.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        person = page.get_by_role("region", name="Agents").get_by_role("listitem").filter(has_text="injoignable").first
        await expect(person.locator(".time")).to_be_visible()
        await expect(person).to_contain_text("Prêt, mais injoignable")
        assert await page.evaluate(CUT_OFF) == 0


async def test_a_supervisor_sees_who_waits_and_talks_and_what_came_of_those_of_today(on_stage: Stage) -> None:
    async with on_stage.show(NAMED["supervisor"], "en") as page:
        table = page.get_by_role("table", name="Queues and groups")
        titles = await table.get_by_role("columnheader").all_text_contents()
        assert {"Waiting", "Oldest wait", "Free", "In a call", "Answered", "Average wait", "Abandoned"} <= {*titles}
        sales = table.get_by_role("row", name="Sales queue").get_by_role("cell")
        assert {"In a call12", "Answered100", "Average wait0:14"} <= {*await sales.all_text_contents()}


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_the_arrow_of_a_menu_stands_beside_its_words(on_stage: Stage, language: Language) -> None:
    async with on_stage.show(NAMED["supervisor"], language) as page:
        table = page.get_by_role("table", name=re.compile("^(Queues and groups|Files et groupes)$"))
        heights = [
            await button.evaluate("each => each.offsetHeight") for button in await table.get_by_role("button").all()
        ]
        assert heights == [32] * 3, "a second line"


async def test_a_scene_that_a_page_wants_more_of_fails_and_names_it(on_stage: Stage) -> None:
    history = NAMED["history"]
    less = {path: given for path, given in history.answers.items() if path != "/v1/history"}
    with pytest.raises((AssertionError, Error)) as failed:
        async with on_stage.show(replace(history, answers=less), "en"):
            pass
    assert "/v1/history" in "".join([str(failed.value), *getattr(failed.value, "__notes__", ())])
    with pytest.raises(AssertionError, match="the scene day has no answer for /v1/nothing "):
        async with on_stage.show(NAMED["day"], "en") as page:
            await page.evaluate("fetch('/v1/nothing').then(() => 0)")


async def test_who_hears_whom_is_a_table_where_it_fits_and_in_words_where_it_does_not(on_stage: Stage) -> None:
    async with on_stage.show(NAMED["crowd"], "fr") as page:
        table = page.get_by_role("table", name="Qui entend qui")
        bob = table.get_by_role("row", name="Bob Lefèvre")
        await expect(table.get_by_role("columnheader")).to_have_count(10)
        await expect(bob.get_by_title("Bob Lefèvre entend Carol Nguyen")).to_contain_text("entend")
        await page.set_viewport_size({"width": 320, "height": 900})
        await expect(table.get_by_role("columnheader")).to_have_text(["Qui écoute", "Entend"])
        await expect(bob).to_have_text(re.compile("tout le monde"))
        await expect(table.get_by_role("row", name="Zoé Caller")).to_have_text(re.compile(r"personne \(musique\)"))
        await page.set_viewport_size({"width": 1280, "height": 900})
        await expect(table.get_by_role("columnheader")).to_have_count(10)


async def test_a_page_with_nothing_in_it_says_what_to_do(on_stage: Stage) -> None:
    empty = NAMED["empty"]
    async with on_stage.show(empty, "fr") as page:
        main = page.get_by_role("main")
        await expect(main).to_contain_text("Pour recevoir des appels, choisissez « Prêt » dans le menu Statut")
        await page.get_by_role("button", name="English").click()
        await expect(main).to_contain_text("To be given calls, choose “Ready” in the menu Status")
    ready = replace(empty, events=_with(empty.events, state="ready"))
    async with on_stage.show(ready, "en") as page:
        await expect(page.get_by_role("main")).to_contain_text("The next call will be shown here.")
    async with on_stage.show(NAMED["unreachable"], "en") as page:
        await expect(page.get_by_role("main")).to_contain_text("First choose a phone: “This page” in the menu Phone")
        await expect(page.get_by_role("main")).not_to_contain_text("choose “Ready”")
        await expect(page.get_by_role("alert").filter(has_text="No call")).to_contain_text("or choose “This page”")
    away = replace(empty, events=_with(empty.events, phone_state="unreachable"))
    async with on_stage.show(away, "fr") as page:
        await expect(page.get_by_role("main")).to_contain_text(
            re.compile("Choisissez d’abord un téléphone : « Cette page ».* Choisissez ensuite « Prêt »")
        )
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_role("main")).to_contain_text(
            re.compile("First choose a phone.* Then choose “Ready” in the menu Status")
        )
    without_phone = replace(empty, events=_with(empty.events, phone=None))
    async with on_stage.show(without_phone, "en") as page:
        await expect(page.get_by_role("main")).to_contain_text("You have no phone: ask your administrator for one.")
    async with on_stage.show(NAMED["nobody"], "en") as page:
        for region, said in (
            ("Queues and groups", "Neither queue nor group: the administrator adds them"),
            ("Calls now", "No call now."),
            ("Agents", "No agent has a phone"),
        ):
            await expect(page.get_by_role("region", name=region)).to_contain_text(said)
    async with on_stage.show(NAMED["supervisor"], "en") as page:
        people = page.get_by_role("region", name="Agents")
        await people.get_by_role("searchbox").fill("nobody of this name")
        await expect(people.get_by_role("status")).to_contain_text("No agent fits this filter.")
        await people.get_by_role("button", name="Show all agents").click()
        await expect(people.get_by_role("listitem").first).to_be_visible()


@pytest.mark.parametrize(("language", "sentence"), [("en", "Transferred to"), ("fr", "Transféré à")])
async def test_who_has_transferred_a_call_reads_and_hears_to_whom(
    on_stage: Stage, language: Language, sentence: str
) -> None:
    async with on_stage.show(NAMED["transferred"], language) as page:
        ended = page.get_by_role("region", name="Zoé Caller")
        await expect(ended.get_by_role("status")).to_have_text(f"{sentence} Bob Lefèvre")


@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("mine", [{}, {"role": "supervisor", "phone_device": "page"}], ids=["agent", "supervisor"])
async def test_nothing_moves_when_a_call_rings_is_taken_or_ends(
    on_stage: Stage, language: Language, width: int, mine: Json
) -> None:
    places = []
    ringing = {"state": "ringing", "next_state": "ready"}
    moments: tuple[tuple[str, Json], ...] = (
        ("empty", {"state": "ready"}),
        ("ringing", ringing),
        ("call", ringing | {"state": "on_call"}),
        ("wrap-up", ringing | {"state": "wrap_up"}),
    )
    for name, shown in moments:
        settled = (*NAMED[name].shows, *([".banner"] if "phone_device" in mine else []))
        moment = replace(NAMED[name], events=_with(NAMED[name].events, **mine, **shown), shows=settled)
        async with on_stage.show(moment, language, width=width) as page:
            parts = (page.get_by_role("heading", name="Team Communicator"), page.locator(".bar .links"))
            places.append([await part.bounding_box() for part in parts])
    assert places == [places[0]] * len(moments)


async def test_what_cannot_be_reached_says_so_and_nobody_is_offered_themselves(on_stage: Stage) -> None:
    found = FOUND["targets"] + [
        target("agent:alice", "agent", "Alice Martin", state="ready", actions=[]),
        target("agent:frank", "agent", "Frank Zola", state="ready", actions=[]),
        target("skill:billing", "skill", "Billing", actions=[]),
    ]
    scene = replace(NAMED["call"], events=(*NAMED["call"].events[:-1], FOUND | {"targets": found}))
    async with on_stage.show(scene, "en") as page:
        results = page.get_by_role("list", name="Results").get_by_role("listitem")
        await expect(results.filter(has_text="Frank Zola")).to_contain_text("Ready, but cannot be reached now")
        await expect(results.filter(has_text="Billing").last).to_contain_text("Cannot be reached now")
        await expect(results.filter(has_text="Alice Martin")).to_have_count(0)


async def test_who_logs_in_types_at_once(on_stage: Stage) -> None:
    async with on_stage.show(NAMED["login"], "en") as page:
        await expect(page.get_by_label("Agent name")).to_be_focused()
        await expect(page.get_by_role("main")).to_contain_text("Agent’s desk")


async def test_an_emergency_is_shown_to_a_supervisor_until_they_take_note(on_stage: Stage) -> None:
    async with on_stage.show(NAMED["emergency"], "en") as page:
        shown = page.get_by_role("region", name="Emergency calls")
        await expect(shown).to_contain_text("has dialled 112 at")
        await shown.get_by_role("button", name="Noted").first.click()
        await expect(shown).not_to_contain_text("112")
        await expect(shown).to_contain_text("The phone 1077 has dialled 15 at")


def _with(events: tuple[Json, ...], **mine: object) -> tuple[Json, ...]:
    """The same, but for what the snapshot says of who looks."""
    first, *others = events
    return ({**first, "me": first["me"] | mine}, *others)


async def test_by_plain_http_at_another_machine_one_logs_in_and_reads_why_the_page_has_no_microphone(
    on_stage: Stage,
) -> None:
    with_page = NAMED["phone-elsewhere"]
    both_ways = {"passwords": True, "oidc": None, "token": "t", "agent": "alice", "expires_at": AT}  # GET and POST
    answers = {**with_page.answers, "/v1/login": both_ways}
    scene = replace(with_page, answers=answers, logged_in=False, shows=())
    async with replace(on_stage, address="http://desk.example").show(scene, "en") as page:
        assert not await page.evaluate("isSecureContext")
        await page.get_by_role("textbox", name="Agent name").fill("alice")
        await page.get_by_label("Password").fill("alice-demo")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("button", name="Status: Not ready")).to_be_visible()
        await expect(page.get_by_role("alert").filter(has_text="https://")).to_contain_text("choose your desk phone")


async def test_an_administrator_reads_the_faults_of_now_and_that_the_server_is_away(on_stage: Stage) -> None:
    admin = NAMED["admin"]
    ready: Json = {"ready": True, "asterisk": True, "store": True, "configuration": "current", "configured_at": AT}
    read = READ | {"state": "current", "faults": [], "configured_at": AT}
    answers = {**admin.answers, "/readyz": ready, "/v1/admin/configuration": read}
    async with on_stage.show(replace(admin, answers=answers, before=SOONER), "en") as page:
        file, health = (page.get_by_role("region", name=name) for name in ("Effective configuration", "Health"))
        await expect(file).to_contain_text("The configuration has no fault.")
        for line in (72, 73):  # another fault, of which the health says the same
            ready |= {"configuration": "last_good"}
            read |= {"state": "last_good", "faults": [{**FAULT, "line": line}]}
            await expect(file).to_contain_text(f"callcentre.yaml, line {line}", timeout=LOOKS)
        ready |= {"configuration": "current"}
        read |= {"state": "current", "faults": []}
        await expect(file).to_contain_text("The configuration has no fault.", timeout=LOOKS)

        sick = {"code": "asterisk_unavailable", "detail": "Asterisk is away", "status": 503, "title": "", "type": ""}
        await page.route("**/readyz", lambda route: route.fulfill(status=503, json=sick))
        read |= {"state": "last_good", "faults": [FAULT]}
        await expect(health).to_contain_text("Asterisk is away", timeout=LOOKS)
        await expect(file).to_contain_text("callcentre.yaml, line 72", timeout=LOOKS)
        await page.unroute("**/readyz")

        await page.route("**/readyz", lambda route: route.abort())
        await expect(health).to_contain_text("The server does not answer.", timeout=LOOKS)
        await expect(health).not_to_contain_text("reached")
        await page.unroute("**/readyz")
        await expect(health).to_contain_text("reached", timeout=LOOKS)


async def test_of_many_results_the_page_says_that_there_are_more_and_shows_none_of_a_search_that_is_refused(
    on_stage: Stage,
) -> None:
    scene = NAMED["empty"]
    many = {"type": "subscribed", "targets": [_agent(number) for number in range(51)]}
    refused = {"type": "error", "operation": "subscribe", "problem": {"code": "invalid", "detail": ""}}
    async with _played(on_stage, scene, (scene.events[0], many)) as (page, say):
        team = page.get_by_role("region", name="Team Communicator")
        await expect(team.get_by_role("status")).to_have_text(
            "The first 50 results are shown, and there are more: type on."
        )
        await expect(team.get_by_role("listitem")).to_have_count(50)
        say(refused)
        await expect(team.get_by_role("listitem")).to_have_count(0)
        await expect(team.get_by_role("status")).to_contain_text("Nothing found.")


async def test_a_call_that_went_on_to_a_colleague_comes_into_the_open_list_when_they_have_ended_it(
    on_stage: Stage,
) -> None:
    scene = NAMED["history"]
    history: Json = HISTORY
    missed, *others = history["calls"]
    answers: Json = {**scene.answers, "/v1/history": {"calls": others, "next": None}}
    played = replace(scene, answers=answers, then=None)
    async with _played(on_stage, played, scene.events) as (page, say):
        await page.locator(".history summary").click()
        calls = page.get_by_role("list", name="Recent calls").get_by_role("listitem")
        await expect(calls).to_have_count(len(others))
        say({"type": "call.ended", "call": call(id=missed["id"], state="released", actions=[])})
        answers["/v1/history"] = HISTORY
        say({"type": "day.updated", "day": day() | {"history_at": LATER, "as_of": LATER}})
        await expect(calls).to_have_count(len(others) + 1)


@asynccontextmanager
async def _played(
    on_stage: Stage, scene: Scene, events: tuple[Json, ...]
) -> AsyncIterator[tuple[Page, Callable[[Json], None]]]:
    """The scene, whose server says these events, and more when it is to."""
    sockets: asyncio.Queue[WebSocketRoute] = asyncio.Queue()
    numbers = itertools.count(1)

    def say(socket: WebSocketRoute, event: Json) -> None:
        socket.send(json.dumps({"seq": next(numbers), "at": AT, **event}))

    def connected(socket: WebSocketRoute) -> None:
        for event in events:
            say(socket, event)
        sockets.put_nowait(socket)

    async with on_stage.show(replace(scene, shows=()), "en") as page:
        await page.route_web_socket("**/v1/events*", connected)
        await page.reload()
        socket = await asyncio.wait_for(sockets.get(), 5)
        yield page, lambda event: say(socket, event)


def _agent(number: int) -> Json:
    shape: Json = {"type": "agent", "state": "ready", "available": None, "as_of": AT, "actions": []}
    return {"target": f"agent:a{number}", "name": f"Agent {number}", **shape}
