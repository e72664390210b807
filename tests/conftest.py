"""What all tests have in common."""

from pathlib import Path

import pytest
from hypothesis import settings

PROPERTIES = Path(__file__).parent / "properties"

# A machine that is busy with something else makes no example wrong.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a random walk reaches it reaches by luck: for coverage exact tests alone count."""
    for item in items:
        if item.path.is_relative_to(PROPERTIES) or item.get_closest_marker("hypothesis") is not None:
            item.add_marker("no_cover")
