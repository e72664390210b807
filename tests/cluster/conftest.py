"""Fixtures of the tests in a cluster: those of the end-to-end tests, at its edge and its proxy."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.cluster import Cluster
from tests.e2e.conftest import chromium, desks, nothing_goes_on, office, pytest_runtest_makereport, stack
from tests.e2e.stack import Stack
from tests.support.loops import share_a_loop

__all__ = ["chromium", "desks", "nothing_goes_on", "office", "pytest_runtest_makereport", "stack"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those whose fixtures these are have one event loop."""
    share_a_loop(items, Path(__file__).parent)


@pytest_asyncio.fixture(loop_scope="session")
async def cluster(stack: Stack) -> Cluster:
    """Whole, led, and without a phone: Asterisk learns only once a second that one is gone."""
    cluster = Cluster(stack)
    await cluster.until(cluster.is_whole, "the Sentinels know all that there is", within=60)
    await cluster.until(cluster.is_led_whole, "each Asterisk has a leader of its own")
    await cluster.until(cluster.gives_calls_to_all, "both Asterisks get calls")
    await cluster.until(cluster.has_no_phone, "no phone is registered")
    return cluster
