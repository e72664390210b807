"""An agent more is one entry of callcentre.yaml and one reload: no other file is touched, and nothing restarted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import aiohttp

from ari_app.ari.lamps import WRITTEN
from tests.bots import Lab, rings
from tests.bots.registration import RegistrationFailed
from tests.e2e.containers import until_ready
from tests.e2e.office import Agent, Office
from tests.e2e.own_asterisk import SECRET, made, running
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import APPLICATION, FILE, environment, own_controller
from tests.support.polling import until

PHONE = "secret-of-the-new-phone"
ENTRY = f"""\
  grace:
    name: Grace Hopper
    password: grace-demo
    phone: {{user: "1007", secret: {PHONE}}}
    groups: [night]
"""
UNKNOWN = 404


@dataclass
class Place:
    """A call centre of this test's own: an Asterisk and a controller, and the one file that changes."""

    office: Office
    file: Path
    before: str

    async def says(self, entry: str) -> None:
        """The file has this entry more, and is read again."""
        self.file.write_text(self.before.replace("agents:\n", f"agents:\n{entry}", 1))
        stack = self.office.stack
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {await stack.login(session, 'admin')}"}
            async with session.post(f"{stack.api}/v1/admin/reload", headers=headers) as answer:
                assert answer.status == 200, await answer.text()

    async def lamp(self, number: str) -> str:
        """What a key shows that watches this number."""
        stack = self.office.stack
        url = f"{stack.ari}/ari/deviceStates/{quote(f'Stasis:{number}@{APPLICATION}', safe='')}"
        async with aiohttp.ClientSession(headers=stack.ari_headers) as session, session.get(url) as answer:
            return str((await answer.json())["state"])

    async def shows(self, number: str, state: str) -> None:
        async def does() -> bool:
            return await self.lamp(number) == state

        await until(does, f"the lamp of {number} shows {state}", within=5)

    async def all_numbers_are_known(self) -> None:
        """They are written one after the other, and this is the last: until then the dialplan lets in whoever dials one
        that nobody has, for the controller may not have come to it yet.
        """
        await self.shows(WRITTEN, "NOT_INUSE")

    async def registers(self, name: str) -> bool:
        """Whether a phone gets in with the account of the entry."""
        try:
            await self.office.lab.phone(name, "1007", PHONE, behaviour=rings())
        except RegistrationFailed:
            return False
        return True

    async def has_no_phone(self) -> bool:
        """Whether Asterisk has forgotten the account of the entry."""
        stack = self.office.stack
        url = f"{stack.ari}/ari/endpoints/PJSIP/1007"
        async with aiohttp.ClientSession(headers=stack.ari_headers) as session, session.get(url) as answer:
            return answer.status == UNKNOWN

    async def is_refused(self, caller: str, number: str) -> None:
        """Somebody outside calls a number that nobody has."""
        contact = await self.office.caller(caller, f"+3361234{len(self.office.lab.bots):04}")
        call = contact.dial(number)
        await contact.ended()
        assert call.status == UNKNOWN


@asynccontextmanager
async def own_asterisk(stack: Stack) -> AsyncIterator[Stack]:
    """One of this test's own, whose calls a controller of its own gets."""
    phones = f"{stack.bind.rpartition('.')[0]}.61"
    surroundings = {
        "AST_ADDRESS": phones,
        "AST_ARI_ADDRESS": phones,
        "AST_CARRIER": ":".join(map(str, stack.carrier)),
        "STASIS_APP": APPLICATION,
    }
    async with running(await made(stack, surroundings)):
        yield replace(
            stack, asterisk=(phones, 5060), ari=f"http://{phones}:8088", ari_user="callcontrol", ari_password=SECRET
        )


@asynccontextmanager
async def served(stack: Stack, folder: Path) -> AsyncIterator[Place]:
    """By a controller that reads callcentre.yaml there."""
    file = folder / "callcentre.yaml"
    settings = {**environment(stack, file), "ARI_APP_REDIS_PREFIX": f"one-place-{folder.name[:20]}"}
    async with own_controller(stack, settings, folder / "log") as own:
        lab = Lab(own.asterisk, bind=own.bind, carrier=own.carrier)
        office = Office(lab, own, {})
        try:
            await until_ready(own)
            yield Place(office, file, FILE.read_text())
        finally:
            await office.close()


@asynccontextmanager
async def opened(stack: Stack, folder: Path) -> AsyncIterator[Place]:
    (folder / "callcentre.yaml").write_text(FILE.read_text())
    async with own_asterisk(stack) as beside, served(beside, folder) as place:
        yield place


async def test_an_agent_more_registers_is_called_from_everywhere_and_has_a_lamp(stack: Stack, tmp_path: Path) -> None:
    async with opened(stack, tmp_path) as place:
        office = place.office
        await place.shows("1001", "UNAVAILABLE")
        await place.all_numbers_are_known()
        assert not await place.registers("early")
        await place.is_refused("too-early", "1007")

        await place.says(ENTRY)
        await place.shows("1007", "UNAVAILABLE")

        phone = await office.lab.phone("grace", "1007", PHONE, behaviour=rings(), register=False)

        async def gets_in() -> bool:
            try:
                await phone.register()
            except RegistrationFailed:
                return False
            return True

        await until(gets_in, "the new phone registers", within=5)
        grace = Agent(office.stack.api, "grace", phone)
        office.people["grace"] = grace
        await grace.login("grace-demo")
        await grace.command("PUT", "/v1/me/state", {"state": "ready"})
        await place.shows("1007", "NOT_INUSE")

        caller = await office.caller()
        caller.dial("1007")
        await place.shows("1007", "RINGING")
        await grace.phone.answer()
        await office.hears("caller <-> grace")
        await place.shows("1007", "INUSE")
        await grace.do("release")
        await caller.ended()

        by_group = await office.caller("by-group", "+33612345679")
        by_group.dial("2002")
        await grace.phone.answer()
        await office.hears("by-group <-> grace")
        await grace.do("release")
        await by_group.ended()

        (alice,) = await office.agents("alice")
        alice.phone.dial("1007")
        await grace.phone.answer()
        await office.hears("alice <-> grace")
        await grace.do("release")
        await grace.close(log_out=True)
        del office.people["grace"]

        await place.says("")
        await place.shows("1007", "UNKNOWN")
        await place.is_refused("too-late", "1007")
        await until(place.has_no_phone, "Asterisk has no such phone", within=5)
        assert not await place.registers("late")


async def test_groups_that_a_supervisor_gives_survive_a_restart_and_end_where_the_file_changes_them(
    stack: Stack, tmp_path: Path
) -> None:
    path = "/v1/admin/agents/bob/groups"
    (tmp_path / "callcentre.yaml").write_text(FILE.read_text())
    async with own_asterisk(stack) as beside:
        async with served(beside, tmp_path) as place:
            erin = await place.office.desk("erin")
            given = await erin.command("PUT", path, {"groups": ["night"]})
            assert (given["groups"], given["file"]["groups"]) == (["night"], ["support"])
            await rings_at_bob(place.office)
        async with served(beside, tmp_path) as place:
            await rings_at_bob(place.office)
            await place.says("")
            erin = await place.office.desk("erin")
            assert (await row_of(erin, "bob"))["groups"] == ["night"]
            place.before = place.before.replace("groups: [support]\n    skills: {french: 2}", "groups: [sales]")
            await place.says("")
            assert (await row_of(erin, "bob"))["groups"] == ["sales"]
            assert (await row_of(erin, "bob"))["given"] == []
            place.before = FILE.read_text()
            await place.says("")
            assert (await row_of(erin, "bob"))["groups"] == ["support"]


async def row_of(erin: Agent, agent: str) -> dict[str, object]:
    """What a supervisor sees of the agent's groups."""
    rows = (await erin.command("GET", "/v1/admin/agents"))["agents"]
    return next(row for row in rows if row["agent"] == agent)


async def rings_at_bob(office: Office) -> None:
    """A caller for the group night."""
    (bob,) = await office.agents("bob")
    caller = await office.caller()
    caller.dial("2002")
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await bob.do("release")
    await caller.ended()
