"""Whatever the real Asterisk's own description says that an event may be: it is read, and the next caller is served.

`CC_EXAMPLES` stretches of events, made of `events.json`, which Asterisk serves itself; some spoilt afterwards.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.ari.messages import USED
from tests.support.benches import real_settings
from tests.support.reader import Reader, channels, stretches
from tests.support.rubbish import texts

EXAMPLES = int(os.environ.get("CC_EXAMPLES", "150"))

type Models = Mapping[str, Any]


async def _described() -> Models:
    asterisk = real_settings()
    headers = {"Authorization": aiohttp.encode_basic_auth(asterisk.user, asterisk.password)}
    url = f"{asterisk.url}/ari/api-docs/events.json"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
        models: Models = (await response.json())["models"]
    return models


@pytest.fixture(scope="module")
def models() -> Models:
    return asyncio.run(_described())


def _value(kind: str, models: Models) -> st.SearchStrategy[Any]:
    match kind:
        case "Channel":
            return channels()
        case "string" | "Date":
            return texts
        case "int" | "long":
            return st.integers()
        case "double":
            return st.floats()
        case "boolean":
            return st.booleans()
        case _ if kind.startswith("List["):
            return st.lists(_value(kind[5:-1], models), max_size=2)
        case _ if kind in models:
            return st.deferred(lambda: _model(kind, models))
        case _:
            return st.dictionaries(texts, texts, max_size=2)


def _model(name: str, models: Models) -> st.SearchStrategy[dict[str, Any]]:
    fields = models[name]["properties"]
    wanted = {field: _value(of["type"], models) for field, of in fields.items() if of.get("required")}
    others = {field: _value(of["type"], models) for field, of in fields.items() if field not in wanted}
    return st.fixed_dictionaries(wanted, optional=others)


@st.composite
def _events(draw: st.DrawFn, models: Models) -> dict[str, Any]:
    kind = draw(st.sampled_from([*models["Event"]["subTypes"], *USED]))
    return {**draw(_model(kind, models)), "type": kind, "application": "callcontrol", "timestamp": draw(texts)}


def test_asterisk_describes_all_that_we_use(models: Models) -> None:
    assert set(USED) <= set(models["Event"]["subTypes"])


def test_whatever_its_models_allow_is_read_and_the_next_caller_is_served(models: Models) -> None:
    @settings(max_examples=EXAMPLES)
    @given(stretches(_events(models)))
    def reads(reported: list[Any]) -> None:
        reader = Reader()
        for each in reported:
            reader.read(each)
        reader.shown()
        assert not reader.faults
        assert reader.serves_the_next()

    reads()
