"""What supervisors gave agents, as the store keeps it, and how it becomes part of what runs."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import TypeAdapter

from ari_app.configured import Configured
from ari_app.routing.given import Gifts, Given, still_given, with_given
from ari_app.store.port import Store

_GIVEN: TypeAdapter[Given] = TypeAdapter(Given)


def written(gift: Given) -> bytes:
    """As the store keeps it."""
    return _GIVEN.dump_json(gift)


def read(kept: Mapping[str, bytes]) -> dict[str, Given]:
    """What the store keeps."""
    return {agent: _GIVEN.validate_json(data) for agent, data in kept.items()}


def taken_in(configured: Configured, given: Gifts) -> Configured:
    """What runs with what is given in it, as far as that still counts."""
    configuration = configured.configuration
    listed = configuration.listed
    counts = still_given(listed, given)
    return replace(
        configured,
        configuration=replace(configuration, directory=with_given(listed, counts), of_file=listed),
        given=counts,
    )


async def forget_others(store: Store, given: Gifts, counts: Gifts) -> None:
    """Have the store keep what counts alone: what the file has changed since must not come back with an older file.

    Raises:
        StoreUnavailable: some of it may still be kept.
    """
    for agent, gift in given.items():
        if counts.get(agent) != gift:
            now = counts.get(agent)
            await store.set_given(agent, None if now is None else written(now))
