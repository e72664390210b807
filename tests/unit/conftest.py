"""What the pure tests have in common."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command that is run in a test's process logs to that test's output, which is closed after it."""
    yield
    structlog.reset_defaults()
