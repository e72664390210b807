"""Fixtures of the tests in a cluster: those of the end-to-end tests, at its edge and its proxy."""

from __future__ import annotations

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.conftest import desks, office, stack
from tests.e2e.stack import Stack

__all__ = ["desks", "office", "stack"]


@pytest.fixture
async def cluster(stack: Stack) -> Cluster:
    """Whole, led, and without a phone: Asterisk learns only once a second that one is gone."""
    cluster = Cluster(stack)
    await cluster.until(cluster.is_whole, "the Sentinels know all that there is", within=30)
    await cluster.until(cluster.is_led_whole, "each Asterisk has a leader of its own")
    await cluster.until(cluster.gives_calls_to_all, "both Asterisks get calls")
    await cluster.until(cluster.has_no_phone, "no phone is registered")
    return cluster
