"""The desk in a frame of another page, which gets what happens and says what is to be done."""

from __future__ import annotations

from playwright.async_api import FrameLocator, Route, expect

from tests.e2e.browser import DeskPage, Desks
from tests.e2e.office import CALLER_NAME, Office

# Who may show the frame is the server's policy (tests/unit/api/test_desk.py); here everybody may.
POLICY = "content-security-policy"
AROUND = "http://127.0.0.1:9/crm"
PAGE = """<!doctype html><title>CRM</title><iframe src="{src}" width="900" height="700" allow="microphone"></iframe>
<script>
  const heard = [];
  addEventListener("message", (event) => heard.push(event.data));
  const say = (message) => document.querySelector("iframe").contentWindow.postMessage(message, "{origin}");
</script>"""


async def frame_of(window: DeskPage, origin: str) -> FrameLocator:
    """The desk in a page around it, with Alice logged in."""

    async def around(route: Route) -> None:
        body = PAGE.replace("{src}", f"{origin}/embed").replace("{origin}", origin)
        await route.fulfill(body=body, content_type="text/html")

    async def framed(route: Route) -> None:
        response = await route.fetch()
        headers = {name: value for name, value in response.headers.items() if name != POLICY}
        await route.fulfill(response=response, headers=headers)

    await window.page.route(AROUND, around)
    await window.page.route(f"{origin}/embed", framed)
    await window.page.goto(AROUND)
    frame = window.page.frame_locator("iframe")
    await frame.get_by_role("textbox", name="Nom d’agent").fill("alice")
    await frame.get_by_label("Mot de passe").fill("alice-demo")
    await frame.get_by_role("button", name="Se connecter").click()
    await expect(frame.get_by_role("button", name="Statut : Pas prêt")).to_be_visible()
    return frame


async def test_a_page_around_the_desk_is_notified_of_calls_and_makes_one(office: Office, desks: Desks) -> None:
    alice = await office.agent("alice", ready=False)
    bob = await office.agent("bob")
    window = await desks.open()
    frame = await frame_of(window, office.stack.api)
    await window.page.evaluate("""
        say({ desk: "hello" });
        say({ desk: "do", id: 1, verb: "set_state", state: "ready" });
    """)
    await alice.is_now("ready")
    await window.page.evaluate('say({ desk: "do", id: 2, verb: "call", target: "agent:bob" })')
    await bob.phone.answer()
    await expect(frame.get_by_role("region", name="Bob Lefèvre")).to_contain_text("Connecté")
    await window.page.evaluate('say({ desk: "do", id: 3, verb: "hold", call: "nothing" })')
    await window.page.evaluate("""
        say({ desk: "do", id: 5, verb: "fly", call: "nothing" });
        say({ desk: "do", id: 6, verb: "call" });
        say({ desk: "do", verb: "fly" });
    """)
    call = next(iter(alice.calls))
    await window.page.evaluate(f'say({{ desk: "do", id: 4, verb: "release", call: "{call}" }})')
    await bob.phone.ended()
    await expect(frame.get_by_role("region", name="Bob Lefèvre")).to_have_count(0)
    await window.page.wait_for_function("heard.filter((each) => each.desk === 'done').length === 6")
    heard = await window.page.evaluate("heard")
    assert heard[0] == {"desk": "hello", "version": 1}
    done = {each["id"]: each["code"] for each in heard if each["desk"] == "done"}
    assert done == {1: None, 2: None, 3: "not_found", 4: None, 5: "invalid", 6: "invalid"}
    reported = [each["event"]["type"] for each in heard if each["desk"] == "event"]
    assert {"agent.updated", "call.created", "call.updated", "call.ended"} <= set(reported)


async def test_a_page_around_that_is_loaded_again_learns_of_the_call_and_logs_out_as_the_menu_does(
    office: Office, desks: Desks
) -> None:
    alice = await office.agent("alice", ready=False)
    window = await desks.open()
    frame = await frame_of(window, office.stack.api)
    await window.page.evaluate('say({ desk: "do", id: 1, verb: "set_state", state: "ready" })')
    await alice.is_now("ready")
    caller = await office.caller()
    await office.connect(caller, alice)
    # The page around alone is new: what it has heard is forgotten, and the frame goes on.
    await expect(frame.get_by_role("region", name=CALLER_NAME)).to_contain_text("Connecté")
    await window.page.evaluate('heard.length = 0; say({ desk: "hello" })')
    await window.page.wait_for_function("heard.length >= 2")
    begun = await window.page.evaluate("heard[1].event")
    assert (begun["type"], [(each["id"], each["state"]) for each in begun["calls"]]) == (
        "snapshot",
        [(alice.call_id, "established")],
    )
    await window.page.evaluate('say({ desk: "do", id: 2, verb: "set_state", state: "logged_out" })')
    await expect(frame.get_by_role("button", name="Statut : En appel")).to_contain_text("Ensuite : Déconnecté")
    caller.hangup()
    await expect(frame.get_by_role("button", name="Se connecter")).to_be_visible()
