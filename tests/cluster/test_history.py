"""The history of a cluster, whose database is away for a while: calls do not notice, and nothing of them is lost."""

from __future__ import annotations

import aiohttp

from tests.cluster.talks import address_of, at_work, talk
from tests.e2e.cluster import CONTROLLERS, Cluster
from tests.e2e.containers import Part
from tests.e2e.office import Office
from tests.e2e.test_supervisor import supervisor


async def test_while_the_database_is_away_calls_go_on_and_they_are_in_the_history_later(
    cluster: Cluster, office: Office
) -> None:
    erin = await supervisor(office)
    (alice,) = await at_work(office, cluster, "alice")
    await erin.command("GET", "/v1/history")
    over: list[str] = []
    async with Part(office.stack, "history").killed(), aiohttp.ClientSession() as session:
        for number in range(2):
            spoken = await talk(await office.caller(f"caller-{number}", f"+3360000000{number}"), alice)
            await office.hears(spoken.hear)
            over.append(alice.call_id)
            await alice.do("release")
            await spoken.caller.ended()
            await alice.is_now("ready")
        async with session.get(f"{office.stack.api}/readyz") as ready:
            assert ready.status == 200
        async with session.get(
            f"{office.stack.api}/v1/history", headers={"Authorization": erin.authorization}
        ) as refused:
            assert (refused.status, (await refused.json())["code"]) == (503, "history_unavailable")

    async def all_there() -> bool:
        async with aiohttp.ClientSession(headers={"Authorization": erin.authorization}) as session:
            for controller in CONTROLLERS:
                async with session.get(f"{address_of(office, controller)}/v1/history") as answer:
                    calls = (await answer.json())["calls"] if answer.status == 200 else []
                    if not set(over) <= {call["id"] for call in calls}:
                        return False
        return True

    await cluster.until(all_there, "both calls are in the history, at each controller")
