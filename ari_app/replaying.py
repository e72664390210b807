"""`ari-app replay FILE`: what happened to a call, step by step, and whether this version would do the same."""

import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path

from ari_app.calls.hearing import Ear
from ari_app.calls.model import Call
from ari_app.calls.replay import ReplayedStep, replay
from ari_app.engine.storyfile import StoryUnreadable, read

_MOST = 60  # characters of a value


def run(path: Path) -> int:
    """Print the story. 0: all steps are the same today; 1: some are not; 2: the file cannot be read."""
    try:
        call, story = read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, StoryUnreadable) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 2
    steps = list(replay(call, story))
    stimuli = sum(entry.kind == "stimulus" for entry in story)
    heard: list[str] = []
    for step in steps:
        print("\n".join(_lines(step)))
        if step.hearing is not None and step.call is not None and heard != (now := _heard(step.call, step.hearing)):
            print("\n".join(f"        hearing  {line}" for line in now) or "        hearing  nobody is there")
            heard = now
    otherwise = sum(not step.same for step in steps)
    forgotten = f", {stimuli - len(steps)} before them cannot be run again" if len(steps) < stimuli else ""
    print(f"call {call}: {len(steps)} steps{forgotten}; {otherwise} have other effects now")
    return 1 if otherwise else 0


def _lines(step: ReplayedStep) -> list[str]:
    at = datetime.fromtimestamp(step.at, UTC).strftime("%H:%M:%S.%f")[:-3]
    lines = [f"{at}  {describe(step.stimulus)}"]
    if step.same:
        return lines + [f"                 {describe(effect)}" for effect in step.now]
    lines += [f"        then     {describe(effect)}" for effect in step.then]
    return lines + [f"        now      {describe(effect)}" for effect in step.now]


def _heard(call: Call, ears: Sequence[Ear]) -> list[str]:
    """`alice hears in1`, `in1 hears music`: agents by their ids, others by their legs."""
    names = {party.id: party.agent or party.leg or party.id for party in call.parties.values()}
    return [
        f"{names.get(ear.ear, ear.ear)} hears "
        + (", ".join(names.get(other, other) for other in ear.hears) if ear.sound == "talk" else ear.sound)
        for ear in ears
    ]


def describe(value: object) -> str:
    """`JoinBridge leg=cc-1 bridge=cc-2`: what is empty is left out, and what must not be printed."""
    if not is_dataclass(value) or isinstance(value, type):
        return repr(value)
    shown = ((f.name, getattr(value, f.name)) for f in fields(value) if f.repr and f.name != "number")
    words = [f"{name}={_short(inner)}" for name, inner in shown if inner not in (None, "", (), False) and inner != {}]
    return " ".join([type(value).__name__, *words])


def _short(value: object) -> str:
    text = str(value) if isinstance(value, str | int | float) else repr(value)
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"
