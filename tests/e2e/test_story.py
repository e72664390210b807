"""What happened to a call can be read, and run again, by whoever has to explain it afterwards."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.bots import declines
from tests.e2e.office import Office

_REPORTS = Path("/reports")
KEPT_IN = _REPORTS if _REPORTS.is_dir() else None


async def test_the_story_of_a_call_that_is_over_is_fetched_and_runs_again(office: Office, tmp_path: Path) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    bob.phone.behaviour = declines()
    caller = await office.caller()
    await office.connect(caller, alice)
    call = alice.call_id
    await alice.do("single-step-transfer", target="agent:bob")
    await alice.sees_offer("declined")
    await alice.do("retrieve")
    await alice.do("single-step-conference", target="agent:carol")
    await carol.phone.answer()
    await office.hears("alice <-> caller", "alice <-> carol", "carol <-> caller")
    await alice.do("clear")
    await caller.ended()
    admin = await office.desk("admin")
    story = await admin.command("GET", f"/v1/admin/calls/{call}/story/file")
    file = (KEPT_IN or tmp_path) / "story.json"
    file.write_text(json.dumps(story, ensure_ascii=False, indent=0))
    replay = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app", "replay", str(file), stdout=asyncio.subprocess.PIPE
    )
    reported, _ = await replay.communicate()
    assert replay.returncode == 0, reported.decode()
    assert f"call {call}: " in reported.decode()
    assert reported.decode().rstrip().endswith("0 have other effects now")
