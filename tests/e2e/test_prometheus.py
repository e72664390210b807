"""What Prometheus fetches of a call centre that works, and that all that its rules and the dashboard want is there."""

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.office import Office
from tests.e2e.stack import Stack
from tests.support.monitoring import exposed, expressions, metrics_of

SALES = {"target": "queue:sales"}
NEEDED = {
    "callcontrol_ari_requests_total": {"outcome": "done"},
    "callcontrol_ari_request_seconds_count": {},
    "callcontrol_ari_carried_total": {},
    "callcontrol_ari_events_total": {"type": "StasisStart"},
    "callcontrol_engine_stimuli_total": {"kind": "LegAnswered"},
    "callcontrol_engine_step_seconds_count": {},
    "callcontrol_engine_queue_length_count": {},
    "callcontrol_store_command_seconds_count": {"command": "EVALSHA"},
    "callcontrol_loop_lag_seconds_count": {},
}


class Fetched:
    """The figures as they are now."""

    def __init__(self, text: str) -> None:
        self.names = exposed(text)
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """All samples that have these labels, together."""
        found = [s.value for s in self._samples if s.name == name and labels.items() <= s.labels.items()]
        return sum(found)


async def fetch(stack: Stack) -> Fetched:
    """As Prometheus does."""
    async with aiohttp.ClientSession() as session, session.get(f"{stack.api}/metrics") as response:
        return Fetched(await response.text())


async def test_a_caller_who_waits_and_is_served_is_in_the_figures_and_all_that_is_watched_is_there(
    office: Office, stack: Stack
) -> None:
    before = await fetch(stack)
    caller = await office.caller()
    caller.dial("3000")
    await caller.hears_music(within=8)
    waits = await fetch(stack)
    assert waits("callcontrol_callers_waiting", **SALES) == 1
    assert 0 < waits("callcontrol_oldest_wait_seconds", **SALES) < 30
    (dave,) = await office.agents("dave")
    await dave.phone.answer()
    await dave.sees_state("established")
    await dave.is_now("on_call")
    talks = await fetch(stack)
    assert (talks("callcontrol_callers_waiting", **SALES), talks("callcontrol_callers_talking", **SALES)) == (0, 1)
    assert talks("callcontrol_agents", state="on_call", **SALES) == 1
    assert talks("callcontrol_calls", type="inbound") == 1
    caller.hangup()
    await dave.sees_state("released")
    await dave.is_now("ready")
    after = await fetch(stack)
    for name, labels in {
        "callcontrol_wait_seconds_count": {"outcome": "answered", **SALES},
        "callcontrol_handle_seconds_count": SALES,
        "callcontrol_calls_begun_total": {"type": "inbound"},
        "callcontrol_calls_ended_total": {"type": "inbound", "reason": "hangup"},
    }.items():
        assert after(name, **labels) == before(name, **labels) + 1, name
    assert all(after(name, **labels) > before(name, **labels) for name, labels in NEEDED.items())
    named = set().union(*map(metrics_of, expressions()))
    assert named <= after.names
