"""Whether an agent must say first how their last call went: before after-call work ends, where the file says so."""

from collections.abc import Mapping
from typing import Protocol

from ari_app.api.models.history import DispositionDocument
from ari_app.routing.settings import Settings


class Record(Protocol):
    """See `availability.port.AgentRecord`."""

    @property
    def state(self) -> str: ...
    @property
    def call(self) -> str | None: ...


class Notes(Protocol):
    """See `store.port.Store`."""

    async def notes(self, call: str) -> Mapping[str, bytes]: ...


async def missing(notes: Notes, agent: str, record: Record | None, settings: Settings) -> bool:
    """Whether the administrator wants to know it before this after-call work ends. Raises: StoreUnavailable."""
    if not settings.disposition_required or record is None or str(record.state) != "wrap_up" or record.call is None:
        return False
    kept = (await notes.notes(record.call)).get(agent)
    code = DispositionDocument.model_validate_json(kept).code if kept is not None else None
    # Notes alone are no outcome where there are codes: pages save them as they are typed.
    return kept is None or (bool(settings.dispositions) and code is None)
