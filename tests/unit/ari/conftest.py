"""What all files here share."""

import pytest

from ari_app.ari.requests import Requests
from tests.unit.ari.requested import Recorder


@pytest.fixture
def client() -> Recorder:
    return Recorder()


@pytest.fixture
def requests(client: Recorder) -> Requests:
    return Requests(client, "callcontrol")
