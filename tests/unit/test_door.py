"""Who is let in at an Asterisk: what its dialplan sees, and what others get to know of it."""

from dataclasses import replace

from structlog.testing import capture_logs

from ari_app.api.metrics import Metrics
from ari_app.ari.gate import Gate
from ari_app.calls.model import Call, CallType
from ari_app.door import Door
from ari_app.routing.directory import Admission
from ari_app.testing.store import MemoryStore

CALL = Call("c1", CallType.INBOUND, "b", 1.0)


class Scene:
    def __init__(self, calls: int = 900, per_second: int = 50) -> None:
        self.calls = 0
        self.now = 100.0
        self.shown: list[Gate] = []
        self.reported: list[tuple[str, ...]] = []
        self.store = MemoryStore()
        self.metrics = Metrics()
        bounds = Admission(calls, per_second)
        self.door = Door(
            "b",
            self.store,
            lambda: bounds,
            lambda: self.calls,
            self.shown.append,
            self.metrics,
            self._changed,
            lambda: self.now,
        )

    def _changed(self) -> None:
        self.reported.append(self.door.refuses)

    def begin(self, call: Call = CALL) -> None:
        self.calls += 1
        self.door.call_changed(None, call)

    def figure(self, name: str) -> str:
        text = self.metrics.exposition().decode()
        return next(line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(name))


def test_callers_are_refused_while_there_are_as_many_calls_as_may_be_and_let_in_again() -> None:
    scene = Scene(calls=2)
    with capture_logs() as logs:
        scene.begin()
        scene.begin(replace(CALL, id="c2"))
        scene.door.call_changed(CALL, replace(CALL, user_data={"k": "v"}))
        scene.calls -= 1
        scene.door.call_changed(CALL, replace(CALL, ended=True))
    assert scene.shown == [Gate.OPEN, Gate.NO_CALLERS, Gate.OPEN]
    assert scene.reported == [("calls",)], "that it is over is reported a little later"
    assert [(line["event"], line["asterisk"], line["reasons"]) for line in logs] == [
        ("callers_refused", "b", ["calls"])
    ]
    assert scene.figure('callcontrol_callers_refused{asterisk="b",reason="calls"}') == "1.0"
    assert scene.figure('callcontrol_refusals_total{asterisk="b",reason="calls"}') == "1.0"
    scene.door.close()
    assert scene.figure('callcontrol_callers_refused{asterisk="b",reason="calls"}') == "0.0"


def test_only_callers_from_outside_are_counted() -> None:
    scene = Scene(per_second=1)
    scene.begin(replace(CALL, type=CallType.OUTBOUND))
    scene.begin(replace(CALL, type=CallType.CONSULT))
    assert scene.shown == [Gate.OPEN, Gate.OPEN]
    scene.begin()
    assert scene.shown[-1] is Gate.NO_CALLERS
    assert scene.reported == [("rate",)]


def test_a_controller_that_is_late_refuses_callers_and_says_how_late_it_is() -> None:
    scene = Scene()
    scene.door.beat(0.75)
    scene.door.beat(0.75)
    assert scene.shown == [Gate.OPEN, Gate.NO_CALLERS]
    assert scene.door.refuses == ("late",)
    assert scene.figure("callcontrol_loop_late_seconds") == "0.75"


def test_when_nobody_has_been_refused_for_a_while_that_is_reported() -> None:
    scene = Scene(calls=1)
    scene.begin()
    scene.calls = 0
    with capture_logs() as logs:
        scene.now += 4.9
        scene.door.beat(0.0)
        assert scene.door.refuses == ("calls",)
        scene.now += 0.2
        scene.door.beat(0.0)
    assert scene.reported == [("calls",), ()]
    assert [line["event"] for line in logs] == ["callers_let_in"]


async def test_what_is_drained_lets_nobody_in_however_few_there_are() -> None:
    scene = Scene(calls=1)
    await scene.store.set_drained("b", drained=True)
    await scene.door.draining.look()
    assert scene.shown == [Gate.DRAINED], "who takes over shows it as soon as Asterisk is connected, and nothing before"
    scene.door.beat(0.0)
    scene.begin()
    assert scene.shown == [Gate.DRAINED] * 3
    assert scene.door.refuses == ("calls",)
    await scene.store.set_drained("b", drained=False)
    await scene.door.draining.look()
    scene.door.beat(0.0)
    assert scene.shown[-1] is Gate.NO_CALLERS
