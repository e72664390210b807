"""All channels are listed, also while Asterisk cannot tell of one of them."""

from typing import Any, cast

import pytest
import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, ChannelGone
from ari_app.ari.http import HttpClient
from ari_app.ari.listing import channels_and_bridges


class Client(AriClient):
    """An Asterisk with these channels; of those with a number it answers that in place of them."""

    def __init__(self, **channels: int) -> None:
        super().__init__("http://nowhere", cast("HttpClient", None))
        self.channels = channels
        self.requested: list[str] = []

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        self.requested.append(f"{repository}.{operation}")
        match repository, operation:
            case "channels", "list":
                if bad := max(self.channels.values()):
                    raise AriError(bad, "Allocation failed")
                return [{"id": name} for name in self.channels]
            case "channels", "get":
                name = str(arguments["channelId"])
                status = self.channels.get(name, 404)
                if status == 404:
                    raise ChannelGone(404, "Channel not found")
                return None if status else {"id": name}
            case "endpoints", "list":
                return [{"channel_ids": ["alice", "bad"]}, {"channel_ids": ["gone"]}, {}]
            case "bridges", "list":
                return [{"id": "bridge", "channels": ["alice", "recorder"]}]
        raise AssertionError((repository, operation))


@pytest.fixture(autouse=True)
def logs() -> structlog.testing.LogCapture:
    capture = structlog.testing.LogCapture()
    structlog.configure(processors=[capture])
    return capture


async def test_asterisk_lists_them_itself_where_it_can() -> None:
    client = Client(alice=0, bob=0)
    channels, bridges = await channels_and_bridges(client)
    assert [channel["id"] for channel in channels] == ["alice", "bob"]
    assert [bridge["id"] for bridge in bridges] == ["bridge"]
    assert sorted(client.requested) == ["bridges.list", "channels.list"]


async def test_one_of_which_it_can_tell_nothing_is_left_out_and_all_others_are_found(
    logs: structlog.testing.LogCapture,
) -> None:
    channels, bridges = await channels_and_bridges(Client(alice=0, recorder=0, bad=500))
    assert [channel["id"] for channel in channels] == ["alice", "recorder"]
    assert [bridge["id"] for bridge in bridges] == ["bridge"]
    assert [(entry["event"], entry["channels"]) for entry in logs.entries] == [("asterisk_channels_unreadable", 1)]


async def test_an_asterisk_that_refuses_otherwise_lists_nothing() -> None:
    client = Client(alice=403)
    with pytest.raises(AriError) as refused:
        await channels_and_bridges(client)
    assert refused.value.status == 403
    assert "channels.get" not in client.requested
