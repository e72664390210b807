"""After-call work that ends only once it is said how the call went."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.office import Refused
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE
from tests.e2e.test_groups import serves
from tests.e2e.test_one_place import own_asterisk, served


async def test_after_call_work_is_ended_by_no_code_and_no_desktop_before_it_is_said_how_the_call_went(
    stack: Stack, tmp_path: Path
) -> None:
    text = FILE.read_text()
    for was, now in (
        ("  # disposition_required: true", "  disposition_required: true"),
        ('    name: Support\n    number: "2000"\n', '    name: Support\n    number: "2000"\n    wrap_up: 60\n'),
    ):
        assert was in text
        text = text.replace(was, now)
    (tmp_path / "callcentre.yaml").write_text(text)
    async with own_asterisk(stack) as beside, served(beside, tmp_path) as place:
        office = place.office
        await place.all_numbers_are_known()
        alice, caller = await office.agent("alice"), await office.caller()
        caller.dial("1001")
        await serves(alice, caller)
        await alice.is_now("wrap_up")
        for code in ("*70", "*71", "*72"):
            alice.phone.dial(code)
            await alice.phone.hears_speech(within=8)
            await alice.phone.ended(within=15)
            assert alice.me["state"] == "wrap_up"
        with pytest.raises(Refused):
            await alice.command("PUT", "/v1/me/state", {"state": "ready"})
        path = f"/v1/calls/{alice.me['wrap_up_call']}/disposition"
        await alice.command("PATCH", path, {"code": "solved", "notes": ""})
        alice.phone.dial("*70")
        await alice.phone.hears_speech(within=8)
        await alice.is_now("ready")
        await alice.phone.ended(within=15)

        again = await office.caller("again", "+33600000002")
        again.dial("1001")
        await serves(alice, again)
        await alice.is_now("wrap_up")
        await alice.command("PUT", "/v1/me/state", {"state": "logged_out"})  # whoever leaves may
        await alice.is_now("logged_out")
