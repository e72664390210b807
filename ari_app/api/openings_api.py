"""What is open and what is closed: who oversees sees it, and may choose otherwise than the hours of the file say."""

from collections.abc import Callable

from ari_app.api.models.openings import NewOpening, Opening, OpeningDocument, OpeningDocuments
from ari_app.api.port import Control, Openings
from ari_app.api.routes import Access, Exchange, Route
from ari_app.calls.views import timestamp
from ari_app.errors import Code, FieldError, Refused
from ari_app.routing.directory import Directory
from ari_app.routing.hours import Chosen, Override
from ari_app.routing.targets import Target, TargetType, parse_target

_KINDS = (TargetType.QUEUE, TargetType.GROUP, TargetType.ROUTING_POINT)


class OpeningsApi:
    """Operations of supervisors and admins."""

    def __init__(self, control: Control, openings: Openings, clock: Callable[[], float]) -> None:
        self._control = control
        self._openings = openings
        self._clock = clock

    async def listed(self, exchange: Exchange) -> OpeningDocuments:
        """Whatever may be closed."""
        directory = self._control.directory()
        targets = (Target(kind, name) for kind in _KINDS for name in directory.listed(kind))
        return OpeningDocuments(openings=[self._document(directory, target) for target in targets])

    async def choose(self, exchange: Exchange) -> OpeningDocument:
        """Raises: Refused `unknown_target` for what cannot be closed, `invalid`; StoreUnavailable."""
        body: NewOpening = exchange.body
        directory = self._control.directory()
        target = directory.resolve(parse_target(exchange.path["target"]))
        if directory.opened(target) is None:
            raise Refused(Code.UNKNOWN_TARGET, "queues, groups and routing points are opened and closed; this is none")
        now, until = self._clock(), body.until.timestamp() if body.until is not None else None
        if until is not None and (until <= now or body.opening == "hours"):
            problem = FieldError("until", "must be in the future, and goes with open and closed")
            raise Refused(Code.INVALID, "not until then", (problem,))
        exchange.note({"opened": str(target)})
        await self._openings.set(target, Override(Chosen(body.opening), exchange.session.agent.id, now, until))
        return self._document(self._control.directory(), target)

    def _document(self, directory: Directory, target: Target) -> OpeningDocument:
        entry = directory.opened(target)
        shown = opening_of(directory, self._openings, target, self._clock())
        return OpeningDocument(target=str(target), name=entry.name if entry is not None else "", **dict(shown))

    def routes(self) -> list[Route]:
        """The operations of this class."""
        return [
            Route(
                "GET", "/v1/openings", "list_openings", "What is open and what is closed", "supervision", self.listed,
                OpeningDocuments, access=Access.OVERSEER,
            ),
            Route(
                "PUT", "/v1/targets/{target}/opening", "set_opening", "Open or close a queue, group or routing point",
                "supervision", self.choose, OpeningDocument, request=NewOpening,
                codes=(Code.UNKNOWN_TARGET, Code.INVALID), access=Access.OVERSEER, audit=("opening", "until"),
            ),
        ]  # fmt: skip


def opening_of(directory: Directory, openings: Openings, target: Target, now: float) -> Opening:
    """How it is now."""
    entry, override = directory.opened(target), openings.overrides.get(str(target))
    counts = override if override is not None and override.counts(now) else None
    return Opening(
        open=openings.is_open(target),
        changes_at=timestamp(openings.changes_at(target)),
        opening=counts.chosen.value if counts is not None else "hours",
        hours=entry.hours if entry is not None else None,
        until=timestamp(counts.until) if counts is not None else None,
        by=override.by if override is not None else None,
        at=timestamp(override.at) if override is not None else None,
    )
