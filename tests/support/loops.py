"""Tests that share an event loop, because what they are given outlives one of them."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import iscoroutinefunction
from pathlib import Path

import pytest


def share_a_loop(items: Iterable[pytest.Item], directory: Path) -> None:
    """Have all asynchronous tests under `directory` run in the session's loop."""
    for item in items:
        is_here = item.path.is_relative_to(directory)
        if is_here and isinstance(item, pytest.Function) and iscoroutinefunction(item.function):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
