"""Files of recordings at the real Asterisk, for who is not connected to it: another controller, `ari-app forget`.

CC_ARI_URL, CC_ARI_USER and CC_ARI_PASSWORD say where it is.
"""

from collections.abc import AsyncIterator

import pytest

from ari_app.ari.client import AriClient
from ari_app.ari.http import HttpClient
from ari_app.ari.stored_recordings import StoredRecordings
from ari_app.errors import Code, Refused
from tests.support.benches import real_settings


@pytest.fixture
async def client() -> AsyncIterator[AriClient]:
    settings = real_settings()
    client = AriClient(settings.url, HttpClient(settings.user, settings.password))
    yield client
    await client.close()


async def test_who_follows_no_events_of_an_asterisk_deletes_a_file_there(client: AriClient) -> None:
    await StoredRecordings(client).delete("calls/nobody-has-this")


async def test_who_follows_no_events_of_an_asterisk_hears_that_it_has_no_such_file(client: AriClient) -> None:
    files = StoredRecordings(client)
    assert not await files.has("calls/nobody-has-this")
    with pytest.raises(Refused) as refused:
        await files.measured("calls/nobody-has-this")
    assert refused.value.code is Code.NOT_FOUND
