"""Whether callers from outside are let in: by how many calls there are, how many come, and how late the loop is."""

import pytest

from ari_app.engine.admission import LATE_SECONDS, REPORTED_SECONDS, Admission, Reason
from ari_app.routing.directory import Admission as Bounds


class Scene:
    """One Asterisk, and a clock that is moved."""

    def __init__(self, calls: int = 900, per_second: int = 20) -> None:
        self.bounds = Bounds(calls, per_second)
        self.calls = 0
        self.now = 100.0
        self.admission = Admission(lambda: self.bounds, lambda: self.calls, lambda: self.now)

    @property
    def why(self) -> set[Reason]:
        return set(self.admission.refused_for())

    def reported(self) -> frozenset[Reason]:
        """After a look at why nobody is let in."""
        self.admission.refused_for()
        return self.admission.reported()

    def arrive(self, callers: int) -> None:
        for _ in range(callers):
            self.admission.arrived()

    def beats(self, *late: float) -> None:
        for each in late:
            self.admission.beat(each)


def test_nobody_is_let_in_while_as_many_calls_are_up_as_may_be() -> None:
    scene = Scene(calls=2)
    scene.calls = 1
    assert scene.why == set()
    scene.calls = 2
    assert scene.why == {Reason.CALLS}
    scene.calls = 1
    assert scene.why == set()
    scene.bounds = Bounds(1, 20)
    assert scene.why == {Reason.CALLS}, "the administrator's file was read again"


def test_after_those_of_a_second_nobody_is_let_in_until_there_is_room_for_several() -> None:
    scene = Scene()
    scene.arrive(19)
    assert scene.why == set()
    scene.arrive(1)
    assert scene.why == {Reason.RATE}
    scene.now += 0.2
    assert scene.why == {Reason.RATE}
    scene.now += 0.051
    assert scene.why == set()


@pytest.mark.parametrize("per_second", [1, 5, 50])
def test_twice_as_many_as_may_come_are_let_in_at_the_rate_that_may_be(per_second: int) -> None:
    scene = Scene(per_second=per_second)
    let_in, seconds = 0, 20
    for _ in range(2 * per_second * seconds):
        if not scene.why:
            let_in += 1
            scene.arrive(1)
        scene.now += 0.5 / per_second
    assert per_second * seconds <= let_in <= per_second * (seconds + 1)


def test_at_the_rate_that_may_be_nobody_is_refused() -> None:
    scene = Scene()
    for _ in range(200):
        assert scene.why == set()
        scene.arrive(1)
        scene.now += 0.05


def test_all_who_came_while_nobody_led_are_forgotten_two_seconds_later() -> None:
    scene = Scene()
    scene.arrive(1000)
    assert scene.why == {Reason.RATE}
    scene.now += 1.5
    assert scene.why == set()


def test_a_loop_that_is_late_again_and_again_lets_nobody_in_until_it_is_on_time() -> None:
    scene = Scene()
    late = LATE_SECONDS * 1.1
    scene.beats(late, 0, late, 0)
    assert scene.why == set(), "it stood still for a moment"
    scene.beats(late, late)
    assert scene.why == {Reason.LATE}
    scene.beats(0, 0, late, 0, 0, 0)
    assert scene.why == {Reason.LATE}
    scene.beats(0)
    assert scene.why == set()
    scene.beats(LATE_SECONDS, LATE_SECONDS, LATE_SECONDS)
    assert scene.why == set()


def test_a_reason_is_reported_for_a_while_for_it_comes_and_goes() -> None:
    scene = Scene()
    assert scene.reported() == frozenset()
    scene.arrive(20)
    assert scene.reported() == {Reason.RATE}
    scene.now += REPORTED_SECONDS - 0.1
    assert scene.why == set()
    assert scene.reported() == {Reason.RATE}
    scene.now += 0.1
    assert scene.reported() == frozenset()
