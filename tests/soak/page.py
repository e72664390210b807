"""docs/soak.md: what a soak has shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ari_app.store.port import AUDIT_LINES
from tests.soak.figures import Sample, Verdict, verdicts

PICTURE = "pictures/soak.svg"
_HEAD = f"""\
# Thousands of calls, and what they leave

`docker/test soak` has a call centre of twenty agents serve calls of every kind, one after the other and beside each
other, as fast as the machine does it: into queues, groups, skills and to agents; held, muted, transferred, consulted
about, made conferences, cleared, given up by their callers at any moment; and calls out. Meanwhile it looks, every few
seconds, at what the parts have. This page is written by that command; `--calls` says how many (20,000 unless given).

A figure is *flat* where its line over the second half of the calls (least squares) rises by less than what is allowed
per 1,000 calls. What may fill up does so in the first half: the history (5,000 calls), stories, answers for repeats.

![Each figure over the calls]({PICTURE})
"""


@dataclass(frozen=True)
class Soak:
    """What was run, and what came of it. `done` counts what agents did; `wrong` is what should not have been."""

    day: str
    commit: str
    cores: int
    load: tuple[float, float]
    samples: Sequence[Sample]
    done: Mapping[str, int]
    left: Sequence[str]
    wrong: Sequence[str]

    @property
    def good(self) -> bool:
        """Whether all is flat, and nothing is left or wrong."""
        return not self.left and not self.wrong and all(each.flat for each in verdicts(self.samples))


def page(soak: Soak) -> str:
    """The whole of it."""
    last = soak.samples[-1]
    begin, end = soak.load
    rate = last.calls / max(last.seconds, 1.0)
    return "\n".join(
        [
            _HEAD,
            f"{soak.day}, commit {soak.commit}: {last.calls:,} calls in {last.seconds / 60:.0f} minutes ({rate:.1f} a "
            f"second) on {soak.cores} cores, with a load of {begin:.1f} at the begin and {end:.1f} at the end.",
            "",
            "| figure | at the begin | in the middle | at the end | per 1,000 calls | allowed | |",
            "|---|---|---|---|---|---|---|",
            *(_line(each) for each in verdicts(soak.samples)),
            "",
            f"The record of who did what had {last.values['audit_lines']:,.0f} lines then, in "
            f"{last.values['audit_memory'] / 1_000_000:.1f} MB of Redis: it fills up to {AUDIT_LINES:,} lines.",
            "",
            "What was done: " + ", ".join(f"{number:,} {what}" for what, number in sorted(soak.done.items())) + ".",
            "",
            *_listed("Left behind when all had hung up", soak.left),
            *_listed("Not as it should be", soak.wrong),
        ]
    )


def _line(each: Verdict) -> str:
    digits = 1 if each.watched.unit else 0
    unit = f" {each.watched.unit}" if each.watched.unit else ""
    values = " | ".join(f"{value:,.{digits}f}{unit}" for value in (each.first, each.middle, each.last))
    judged = "flat" if each.flat else "**grows**"
    return f"| {each.watched.title} | {values} | {each.growth:+.2f}{unit} | {each.watched.bound:g}{unit} | {judged} |"


def _listed(what: str, found: Sequence[str]) -> list[str]:
    return [f"**{what}:**", "", *(f"- {each}" for each in found), ""] if found else [f"{what}: nothing.", ""]
