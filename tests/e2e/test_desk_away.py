"""The page goes away in mid-call, or its phone does: the contact hears music and is not dropped, and the two talk again
as soon as it is back, without a click.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.away import (
    Loses,
    Talk,
    freezes,
    is_closed,
    is_killed,
    is_loaded_again,
    is_taken_over,
    loses_its_socket,
    talking,
    with_the_phone,
)
from tests.e2e.browser import Desks
from tests.e2e.office import Office


@pytest_asyncio.fixture(loop_scope="session")
async def talk(office: Office, desks: Desks) -> AsyncIterator[Talk]:
    alice = await office.agent("alice", ready=False)
    page = await with_the_phone(desks, "alice")
    yield await talking(office, page, await office.caller())
    await alice.command("PUT", "/v1/me/phone", {"device": "desk"})


WAYS = (is_loaded_again, is_closed, is_killed, loses_its_socket, is_taken_over)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_the_contact_hears_music_while_the_page_is_away_and_the_two_talk_again(talk: Talk, way: Loses) -> None:
    await talk.without_at_length(way)
    await talk.page.call("Zoé Caller").is_now("connected")


async def test_while_the_tab_is_frozen_the_two_talk_on_and_it_shows_what_came_meanwhile(
    office: Office, talk: Talk
) -> None:
    await freezes(office, talk, note="came meanwhile", seconds=0.5)
