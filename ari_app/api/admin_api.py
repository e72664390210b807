"""Administration, and what whoever runs this asks: health, readiness, metrics."""

from dataclasses import asdict

from aiohttp import web

from ari_app.api.difference import difference, state_of
from ari_app.api.effective import effective
from ari_app.api.events import EventHub
from ari_app.api.metrics import CONTENT_TYPE, Metrics
from ari_app.api.models.admin import (
    Degraded,
    EffectiveConfiguration,
    FaultDocument,
    Health,
    Ready,
    Reloaded,
    Story,
    StoryFile,
    StoryLine,
)
from ari_app.api.models.calls import Calls
from ari_app.api.port import Control
from ari_app.api.rendering import render_call
from ari_app.api.routes import Access, Exchange, Route
from ari_app.calls import discretion
from ari_app.calls.views import timestamp
from ari_app.errors import AsteriskUnavailable, Code, FieldError, Refused, StoreUnavailable


class AdminApi:
    """Operations for admins and for machines."""

    def __init__(self, control: Control, hub: EventHub, metrics: Metrics) -> None:
        self._control = control
        self._hub = hub
        self._metrics = metrics

    async def reload(self, exchange: Exchange) -> Reloaded:
        """Raises: Refused `invalid` with every fault of the file; then nothing has changed."""
        before = self._configuration()
        errors = await self._control.reload()
        if errors:
            fields = tuple(
                FieldError(e.field, f"{e.file}:{e.line}: {e.message}" if e.line else f"{e.file}: {e.message}")
                for e in errors
            )
            raise Refused(Code.INVALID, "the configuration is not valid; nothing has changed", fields)
        exchange.note(difference(before, self._configuration()))
        self._hub.directory_changed()
        d = self._control.directory()
        return Reloaded(
            agents=len(d.agents),
            groups=len(d.groups),
            queues=len(d.queues),
            skills=len(d.skills),
            routing_points=len(d.routing_points),
            voicemail=len(d.voicemail),
        )

    def _configuration(self) -> dict[str, object]:
        c = self._control
        return state_of(c.directory(), c.credential, c.api_keys(), c.webhooks(), c.phones())

    async def configuration(self, exchange: Exchange) -> EffectiveConfiguration:
        """All of it but secrets."""
        at, faulty = self._control.configured()
        return EffectiveConfiguration(
            state="last_good" if faulty else "current",
            configured_at=timestamp(at) or "",
            faults=[FaultDocument(**asdict(fault)) for fault in self._control.faults()],
            configuration=effective(self._control.directory()),
        )

    async def calls(self, exchange: Exchange) -> Calls:
        """All calls, oldest first, but ties, which are at one end of a call only."""
        up = (call for call in self._control.calls().values() if call.tie is None)
        calls = sorted(up, key=lambda c: c.started_at)
        return Calls(calls=[render_call(c, exchange.session.agent, self._control) for c in calls])

    async def story(self, exchange: Exchange) -> Story:
        """Raises: Refused `not_found` where the call is not (or no longer) known."""
        call = exchange.path["call"]
        story = await self._control.story(call)
        if story is None:
            raise Refused(Code.NOT_FOUND, "there is no such call, or it was over long ago")
        lines = [
            StoryLine.model_construct(
                at=timestamp(e.at) or "",
                kind="effect" if e.kind == "effect" else "stimulus",
                what=e.what,
                detail=discretion.discreet(e.detail),
            )
            for e in story
        ]
        return Story.model_construct(call_id=call, story=lines)

    async def story_file(self, exchange: Exchange) -> web.Response:
        """The same for `ari-app replay`. Raises: Refused `not_found` as for the story."""
        call = exchange.path["call"]
        written = await self._control.story_file(call)
        if written is None:
            raise Refused(Code.NOT_FOUND, "there is no such call, or it was over long ago")
        return web.Response(text=written, content_type="application/json")

    async def health(self, exchange: Exchange) -> Health:
        """The process answers."""
        return Health()

    async def ready(self, exchange: Exchange) -> Ready:
        """Raises: StoreUnavailable or AsteriskUnavailable where one is not reached."""
        parts = self._control.ready()
        if not parts.get("store", False):  # first: Asterisk is not looked for before it
            raise StoreUnavailable(await self._control.store_trouble())
        if not parts.get("asterisk", False):
            raise AsteriskUnavailable("Asterisk is not reached")
        at, faulty = self._control.configured()
        return Ready(
            asterisk=True,
            store=True,
            configuration="last_good" if faulty else "current",
            configured_at=timestamp(at) or "",
            drained=sorted(self._control.drained()),
            degraded=[Degraded.model_validate({"asterisk": a, "reason": r}) for a, r in self._control.degraded()],
        )

    async def metrics(self, exchange: Exchange) -> web.Response:
        """Prometheus' text format."""
        return web.Response(body=self._metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    def routes(self) -> list[Route]:
        """The operations of this class."""
        return [
            Route(
                "POST", "/v1/admin/reload", "reload", "Read the configuration again: all of it or none", "admin",
                self.reload, Reloaded, codes=(Code.INVALID, Code.STORE_UNAVAILABLE), access=Access.ADMIN,
                audit=(),
            ),
            Route(
                "GET", "/v1/admin/configuration", "get_configuration", "What runs, and what is wrong with the file",
                "admin", self.configuration, EffectiveConfiguration, access=Access.ADMIN,
            ),
            Route(
                "GET", "/v1/admin/calls", "list_all_calls", "All calls", "admin", self.calls, Calls,
                access=Access.ADMIN,
            ),
            Route(
                "GET", "/v1/admin/calls/{call}/story", "get_story", "What happened to a call, in order", "admin",
                self.story, Story, codes=(Code.NOT_FOUND,), access=Access.ADMIN, audit=(),
            ),
            Route(
                "GET", "/v1/admin/calls/{call}/story/file", "get_story_file", "The same, for `ari-app replay`", "admin",
                self.story_file, StoryFile, raw="application/json", codes=(Code.NOT_FOUND,), access=Access.ADMIN,
                audit=(),
            ),
            Route("GET", "/healthz", "healthz", "The process answers", "running", self.health, Health,
                  access=Access.PUBLIC),
            Route(
                "GET", "/readyz", "readyz", "Asterisk and the store are reached", "running", self.ready, Ready,
                codes=(Code.ASTERISK_UNAVAILABLE, Code.STORE_UNAVAILABLE), access=Access.PUBLIC,
            ),
            Route("GET", "/metrics", "metrics", "Prometheus metrics", "running", self.metrics, raw="text/plain",
                  access=Access.PUBLIC),
        ]  # fmt: skip
