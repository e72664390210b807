"""The API of a controller that leads: puts the parts of this room together."""

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiohttp import web
from pydantic_core import to_json

from ari_app.api.admin_api import AdminApi
from ari_app.api.agents_api import AgentsApi
from ari_app.api.alarms import AlarmBoard, Change
from ari_app.api.asyncapi import asyncapi
from ari_app.api.audited_calls import entries_of
from ari_app.api.auditor import Auditor
from ari_app.api.authentication import Authentication
from ari_app.api.callbacks_api import CallBacksApi
from ari_app.api.calls_api import CallsApi
from ari_app.api.completed import Known
from ari_app.api.days import Days
from ari_app.api.days_api import DaysApi
from ari_app.api.desk_files import DeskFiles
from ari_app.api.dispatch import JSON, Dispatcher
from ari_app.api.events import EventHub
from ari_app.api.finder import Finder
from ari_app.api.given_api import GivenApi
from ari_app.api.history import HistoryApi
from ari_app.api.idempotency import Answers
from ari_app.api.issuer import Issuer
from ari_app.api.kept import Failures
from ari_app.api.limits import Rates
from ari_app.api.live import Board
from ari_app.api.messages import Unheard
from ari_app.api.metrics import Metrics
from ari_app.api.models.alarms import AlarmDocument
from ari_app.api.models.supervision import LiveTarget
from ari_app.api.models.voicemails import VoicemailDocument
from ari_app.api.notices import Notices
from ari_app.api.oidc_api import OidcApi
from ari_app.api.openapi import Json, openapi
from ari_app.api.openings_api import OpeningsApi
from ari_app.api.phone_api import PageSecrets, PhoneApi
from ari_app.api.phone_socket import PhoneSockets
from ari_app.api.port import Agents, Control, Openings, Phones, RecordingFiles, Store
from ari_app.api.preferences import Preferences
from ari_app.api.recordings import RecordingsApi
from ari_app.api.reports import ReportsApi
from ari_app.api.routes import Access, Exchange, Route, Router
from ari_app.api.sessions_api import SessionsApi
from ari_app.api.sounds import Fetches
from ari_app.api.supervision_api import SupervisionApi
from ari_app.api.targets_api import TargetsApi
from ari_app.api.tickets import Tickets
from ari_app.api.voicemails import Change as VoicemailChange
from ari_app.api.voicemails import VoicemailsApi
from ari_app.api.webhooks_api import NoReceivers, Receivers, WebhooksApi
from ari_app.api.websocket import EventsApi
from ari_app.audit.chain import Entry
from ari_app.calls.model import Call
from ari_app.errors import StoreUnavailable
from ari_app.history.port import CallHistory
from ari_app.routing.webhooks import About
from ari_app.webhooks.model import Followed

DAY = 86_400.0


class ApiServer:
    """Answers requests. Make it in a running loop; `hub` is to be given what changes (see `EventHub`)."""

    def __init__(
        self,
        control: Control,
        agents: Agents,
        store: Store,
        hub: EventHub,
        metrics: Metrics,
        phones: Phones,
        files: RecordingFiles,
        audit: Callable[[Entry], None],
        openings: Openings,
        history: CallHistory,
        *,
        token_lifetime: float = 12 * 3600.0,
        token_idle: float = 2 * 3600.0,
        client_secret: str = "",
        clock: Callable[[], float] = time.time,
        rates: Rates | None = None,
        leads: Callable[[], bool] = lambda: True,
        receivers: Receivers | None = None,
    ) -> None:
        self._hub = hub
        self._store = store
        self._audit = audit
        self._clock = clock
        self.auditor = Auditor(audit, control.directory, clock)
        self._authentication = authentication = Authentication(
            control, store, self._session_ended, lifetime=token_lifetime, idle=token_idle, clock=clock
        )
        self._issuer = Issuer(client_secret, clock)
        self._look_every = token_idle / 4
        self._control = control
        self._tickets = Tickets(authentication, clock)
        page_secrets = PageSecrets()
        self._sockets = PhoneSockets(control, phones, page_secrets, self._tickets, self.phone_changed, clock)
        self._phones = PhoneApi(control, phones, page_secrets, self._sockets.holder)
        self.sessions = SessionsApi(
            control, authentication, lambda: (*hub.publisher.sessions(), *self._sockets.sessions()), self._session_ended
        )
        self._history = history
        fetches = Fetches()
        self.recordings = RecordingsApi(control, store, files, fetches, audit, self._recorded, clock)
        self.voicemails = VoicemailsApi(
            control,
            store,
            files,
            fetches,
            audit,
            self._voicemail_changed,
            self._voicemails_counted,
            clock,
        )
        self.unheard: Callable[[Mapping[str, int]], None] = lambda unheard: None
        self.messages_kept: Callable[[Mapping[str, int]], None] = lambda counts: None
        self._messages: Mapping[str, int] = {}
        self._metrics = metrics
        self._brought = brought = receivers or NoReceivers()
        self.notices = Notices(control, agents, brought, clock)
        self.alarms = AlarmBoard(control, self._alarm_changed, clock)
        self.board = Board(control, agents, openings, store, self._live_changed, clock)
        self._call_metrics = metrics.calls
        self._call_metrics.show(self.board, control, clock)
        self.days = Days(control, agents, history, store, hub.day_changed, hub.follows, clock)
        history.listen(self.days.written)
        preferences = Preferences(store)
        finder = Finder(control, preferences)
        calls = CallsApi(control, preferences)
        self._events = EventsApi(hub, self._tickets, control, agents, store, finder, clock)
        self._events.refused = metrics.limited.labels("windows").inc
        self.routes: list[Route] = [
            *AgentsApi(control, agents, store, authentication).routes(),
            *OidcApi(control, store, authentication, self._issuer, metrics, clock).routes(),
            *self.sessions.routes(),
            *TargetsApi(control, agents, finder, preferences, hub.clock).routes(),
            *calls.routes(),
            self._tickets.route(),
            *self._phones.routes(),
            self._events.route(),
            self._sockets.route(),
            *DaysApi(self.days, history).routes(),
            *HistoryApi(control, agents, store, history, audit, clock).routes(),
            *ReportsApi(control, agents, history, clock).routes(),
            *self.recordings.routes(),
            *self.voicemails.routes(),
            *SupervisionApi(control, agents, self.board, self.voicemails.unheard).routes(),
            *OpeningsApi(control, openings, clock).routes(),
            *GivenApi(control, clock).routes(),
            *CallBacksApi(control, calls).routes(),
            *AdminApi(control, hub, metrics).routes(),
            *WebhooksApi(control, brought).routes(),
            *self.alarms.routes(),
        ]
        self.routes += [
            _document("/v1/openapi.json", "openapi", "This document", lambda: openapi(self.routes)),
            _document("/v1/asyncapi.json", "asyncapi", "The events, as an AsyncAPI document", asyncapi),
        ]
        desk = DeskFiles(lambda: control.directory().settings.desk.embedded_in)
        answers = Answers(store, lambda: control.directory().settings.keep_days.answers * DAY)
        self._dispatch = Dispatcher(
            Router([*self.routes, *desk.routes()]),
            control,
            authentication,
            answers,
            metrics,
            hub.failed,
            rates or Rates(clock),
            self.auditor,
            leads,
        )

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request (see `Listener`). Raises: LeadsNoMore, where another controller can answer."""
        return await self._dispatch(request)

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Show it to whoever keeps something of calls."""
        self.board.call_changed(before, call)
        self._call_metrics.call_changed(before, call)
        self.recordings.call_changed(before, call)
        self.voicemails.call_changed(before, call)
        self.notices.call_changed(call)
        self.alarms.call_changed(call)
        for entry in entries_of(before, call, self._clock()):
            self._audit(entry)

    def _live_changed(self, shown: LiveTarget) -> None:
        self._hub.live_changed(shown)
        self.alarms.target_changed(shown)

    def _alarm_changed(self, change: Change, alarm: AlarmDocument, about: About) -> None:
        self._hub.alarm_changed(change, alarm)
        self.notices.alarm(change, alarm, about)

    def _voicemail_changed(self, change: VoicemailChange, message: VoicemailDocument) -> None:
        self._hub.voicemail_changed(change, message)
        if change == "voicemail.left":
            self.notices.voicemail_left(message)

    def _voicemails_counted(self, unheard: Mapping[str, Unheard]) -> None:
        self._metrics.show_voicemails(unheard, self._clock)
        self.unheard({box: there.count for box, there in unheard.items()})
        if self.voicemails.looked:
            self.alarms.boxes_counted({box: there.oldest for box, there in unheard.items()})
        before, self._messages = self._messages, self.voicemails.kept()
        if before != self._messages:
            self.messages_kept(self._messages)

    async def _recorded(self, entry: Known) -> None:
        """The file of a recording is complete. Returns when whoever is to be sent that will be."""
        recording = self.recordings.document(entry)
        self.notices.recorded(recording, frozenset(entry.about))
        self._hub.recorded(recording)
        await self._brought.flush()

    def restore_notices(self, known: Mapping[str, Followed]) -> None:
        """What receivers of webhooks were notified of, and which alarms were raised, before this controller led."""
        self.notices.restore(known)
        self.alarms.restore(known)

    async def catch_up(self, over: Sequence[Call]) -> None:
        """Tell what has changed since, once calls and agents are restored; `over` are calls that ended lately."""
        self.alarms.catch_up()
        self.board.look()
        await self.notices.catch_up(over)
        with contextlib.suppress(StoreUnavailable):  # whoever comes next looks again
            await self.recordings.catch_up()
        await self.voicemails.catch_up(over)

    async def forget_old(self) -> None:
        """Forget what the administrator no longer wants kept: of each sort what can be, whatever becomes of the others.

        Raises:
            Unavailable: something could not be forgotten.
        """
        days, now = self._control.directory().settings.keep_days, self._clock()
        failures = Failures()
        if days.recordings is not None:
            with failures:
                await self.recordings.forget_before(now - days.recordings * DAY)
        with failures:
            await self.voicemails.forget_old()
        with failures:
            await self._history.forget(now - days.history * DAY)
        failures.check()

    async def keep_tokens(self) -> None:
        """Write the tokens and passwords known here to a store that has lost them. Raises: StoreUnavailable."""
        await self._authentication.keep_again()

    async def restore_passwords(self) -> None:
        """Read what agents chose. Raises: StoreUnavailable."""
        await self._authentication.restore()

    async def watch_sessions(self) -> None:
        """Keep sessions with which something is open, and close what is open with others; until it is cancelled."""
        await self.sessions.watch(self._look_every)

    def close_windows(self) -> None:
        """Close all windows and phones in pages; who opens one from now on finds it closed."""
        self._hub.publisher.close_all()
        self._sockets.close_all()
        self._events.stop()

    async def close(self) -> None:
        """After the last request: give up what still goes on for those before."""
        self._call_metrics.hide(self.board)
        self._dispatch.close()
        await self._issuer.close()
        self._authentication.close()

    def phone_changed(self, agent_id: str) -> None:
        """Something about the phones of this agent has changed."""
        agent = self._control.directory().agents.get(agent_id)
        if agent is not None and agent.phone is not None:
            self._hub.phone_changed(agent_id, self._phones.document(agent))

    async def directory_changed(self) -> None:
        """The configuration was read again."""
        self.board.recount()
        self.days.directory_changed()
        self._sockets.directory_changed()
        self.notices.directory_changed()
        self.voicemails.directory_changed()
        self.alarms.directory_changed()
        await self.sessions.look()

    async def end_sessions(self, agents: Iterable[str]) -> None:
        """Whoever these were, they are not listed any more: should they be listed again, they are not logged in, and
        the password that they chose is not right.

        Raises:
            StoreUnavailable: some of them still may be.
        """
        for agent in agents:
            await self._authentication.forget(agent)
            await self._store.forget_agent(agent)

    def _session_ended(self, digest: str) -> None:
        self._tickets.end_session(digest)
        self._hub.publisher.end_session(digest)
        self._sockets.end_session(digest)


def _document(path: str, operation: str, summary: str, make: Callable[[], Json]) -> Route:
    """A description, made when it is requested first."""
    made: list[bytes] = []

    async def document(exchange: Exchange) -> web.Response:
        if not made:
            made.append(to_json(make()))
        return web.Response(body=made[0], content_type=JSON)

    return Route(
        "GET", path, operation, summary, "running", document, dict[str, object], access=Access.PUBLIC, ready_made=True
    )
