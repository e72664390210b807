"""Messages are counted as they come, change and go, as if all of them were counted each time."""

import random
from collections import Counter
from dataclasses import replace
from typing import Literal

from ari_app.api.boxes import Boxes
from ari_app.api.messages import Known, Unheard
from ari_app.calls.model import counted

BOXES, NUMBERS = ("support", "sales"), ("", "+33612345678", "+33687654321")
STATES: tuple[Literal["recording", "dropped", "new", "heard", "done"], ...] = (
    "recording",
    "dropped",
    "new",
    "heard",
    "done",
)


def walked(there: dict[str, Known]) -> tuple[dict[str, int], list[Unheard]]:
    counts = Counter(counted(each.box) for each in there.values() if each.listed)
    new = [each for each in there.values() if each.state == "new"]
    counts.update(counted(each.box, each.number) for each in new if each.number)
    times = [[each.begun_at for each in new if each.box == box] for box in BOXES]
    return dict(counts), [Unheard(len(each), min(each, default=None)) for each in times]


def test_what_is_counted_is_what_all_messages_together_make() -> None:
    dice, boxes, there = random.Random(5), Boxes(), dict[str, Known]()
    for number in range(2_000):
        name = f"v{dice.randrange(40)}"
        if dice.random() < 0.3:
            there.pop(name, None)
            boxes.drop(name)
        else:
            made = Known(name, "c", dice.choice(BOXES), "f", float(number), number=dice.choice(NUMBERS))
            there[name] = replace(there.get(name, made), state=dice.choice(STATES))
            boxes.put(there[name])
        assert (boxes.counts(), [boxes.unheard(box) for box in BOXES]) == walked(there)
    again = Boxes(there.values())
    assert again.counts() == boxes.counts()
