"""What people did in the call centre that runs stands in the record, by whatever they did it, and none is missing."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.office import CALLER_NUMBER, Office
from tests.e2e.stack import Stack
from tests.e2e.test_operations import ari_app
from tests.support.polling import until


async def record(stack: Stack, *arguments: str) -> list[dict[str, Any]]:
    """The lines that are chosen, of a record that verifies."""
    status, out, complaint = await ari_app(stack, "audit", "--json", *arguments)
    assert (status, complaint) == (0, ""), out[-500:]
    *lines, end = map(json.loads, out.splitlines())
    assert end["faults"] == []
    return lines


async def test_who_called_listened_and_recorded_is_on_record_and_found_by_call_number_and_agent(
    office: Office, stack: Stack
) -> None:
    (alice,), erin = await office.agents("alice"), await office.agent("erin", ready=False)
    caller = await office.caller()
    await office.connect(caller, alice)
    assert alice.call is not None
    call = str(alice.call["id"])
    await erin.do("monitor", mode="listen")
    await alice.do("send-dtmf", digits="4711")
    await alice.do("start-recording")
    file = str(alice.call["recording"]["file"])
    await alice.do("clear")
    await caller.ended()

    async def over() -> bool:
        return bool(await record(stack, "--call", call, "--what", "call_over"))

    await until(over, "it is on record that the call is over", 10)
    lines = await record(stack, "--call", call)
    whats = [line["what"] for line in lines]
    assert {"call_begun", "monitor_call", "monitoring", "recording_begun", "clear_call", "call_over"} <= set(whats)
    (listened,) = (line for line in lines if line["what"] == "monitor_call")
    assert (listened["who"], listened["details"]["mode"], listened["outcome"]) == ("erin", "listen", "done")
    assert listened["address"].startswith("127.")
    (begun,) = (line for line in lines if line["what"] == "recording_begun")
    assert f"{begun['details']['file']}.wav" == file
    assert "4711" not in json.dumps([line["details"] for line in lines])
    assert call in {line["call"] for line in await record(stack, "--number", CALLER_NUMBER)}
    assert call in {line["call"] for line in await record(stack, "--agent", "alice", "--what", "call_over")}
