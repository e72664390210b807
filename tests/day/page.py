"""docs/day.md: what the reports of a day say beside what was counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.day.beside import Figure
from tests.day.spans import Lateness

_HEAD = """\
# A day, and its reports beside what phones saw

`docker/test day` runs a day of a call centre in fast motion: two queues with twenty agents, opening hours, a holiday, a
queue that is closed by hand; callers who give up soon and late, go on to the other queue because they waited too long
or by a key, and are called back; agents who hold, transfer, confer, consult, decline, let it ring, rest, and call out.
In the middle PostgreSQL, which has the history, is killed, and started again two minutes later. Then every figure of
`GET /v1/reports/queues` and `/v1/reports/agents`, of the day and of each of its minutes, is compared with another
count, by the definitions of [reports](reports.md), of what SIPp and the bots noted at their phones
(`tests/day/account.py`): INVITE, 200, BYE, CANCEL, the number on the display, and what agents requested at their
desktops, and when. Nothing of it is read from the product. This page is written by that command.

- **No clock is sped up.** Ten times as fast, the tenth of a second that a ring takes to come would be a second of every
  wait, and time-outs of SIP would end calls. Instead conversations last a second or two, and opening hours are minutes:
  those to come, in a zone where it is day. Today is a public holiday in the country by which the third queue is closed.
- **Counts are exact.** `answered_in_time` has its edge (`service_level`) where the notes show nobody near it: it is put
  there after the day and before the reports, which go by the file as it is. In the reports of single minutes somebody
  may begin within milliseconds of an edge: there either number is right, and below it is said how often that is so.
  So it is where a caller hangs up in the very milliseconds in which an agent answers: phones do not see what was first.
- **Times lie between what was done and what was seen of it.** The controller notes an event after the phone that caused
  it and before the phone that is shown what follows: so each duration has a lower and an upper bound. Where nobody sees
  what follows (of an answer), it was noted later than its cause by no more, in the mean, than the whole way from one
  phone through Asterisk, controller and Asterisk to another one took in the same run, and four standard errors.
- **Each caller is in the history once**, with the agents who talked to them, their transfers and conferences.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What was run, and what came of it. `parts`: what callers and agents did; `crossed`: how many callers hung up in
    the very moment of an answer; `wrong`: what should not have been."""

    day: str
    commit: str
    cores: int
    seconds: float
    callers: int
    database_away: float
    late: Lateness
    found: Lateness
    levels: Mapping[str, float]
    figures: Sequence[Figure]
    of_minutes: Sequence[Figure]
    records: int
    parts: Mapping[str, int]
    crossed: int
    wrong: Sequence[str]

    @property
    def good(self) -> bool:
        return not self.wrong and all(each.right for each in (*self.figures, *self.of_minutes))


def page(result: Result) -> str:
    """The whole of it."""
    whole, minutes = result.figures, result.of_minutes
    return "\n".join(
        [
            _HEAD,
            *_run(result),
            "",
            "## The whole day",
            "",
            _said("counts", [each for each in whole if each.count]),
            _said("times", [each for each in whole if not each.count]),
            "",
            *_queues(whole),
            "",
            *_agents(whole),
            "",
            "## Each minute",
            "",
            _said("counts", [each for each in minutes if each.count]),
            _said("times", [each for each in minutes if not each.count]),
            "",
            "What was done: " + ", ".join(f"{number:,} {what}" for what, number in sorted(result.parts.items())) + ".",
            "",
            *_wrong(result),
        ]
    )


def _run(result: Result) -> list[str]:
    late, found = result.late, result.found
    levels = (f"{level:.3f} s ({target})" for target, level in sorted(result.levels.items()))
    return [
        f"{result.day}, commit {result.commit}: {result.callers:,} callers in {result.seconds / 60:.0f} minutes on "
        f"{result.cores} cores; the database was away for {result.database_away:.0f} s. The history has "
        f"{result.records:,} calls. Callers who hung up as an agent answered: {result.crossed}.",
        "",
        f"The way through all parts took {_ms(late.mean)} ms in the mean ({_ms(late.deviation)} ms deviation, "
        f"{_ms(late.most)} ms at most, seen {len(late.samples)} times), and from a caller's INVITE to that at the "
        f"phone of somebody free {_ms(found.mean)} ms ({_ms(found.most)} ms at most). In time was within "
        + " and ".join(levels)
        + ".",
    ]


def _said(what: str, figures: Sequence[Figure]) -> str:
    right = sum(each.right for each in figures)
    exact = sum(each.exact for each in figures)
    widths = [
        (each.counted.high - each.counted.low) / each.reported for each in figures if each.reported and not each.exact
    ]
    said = f"- {right:,} of {len(figures):,} {what} are right"
    if figures and figures[0].count:
        return (
            f"{said}; of {len(figures) - exact:,} more than one number would have been."
            if exact < len(figures)
            else f"{said}."
        )
    middle = sorted(widths)[len(widths) // 2] if widths else 0.0
    return f"{said}; their bounds are {middle:.1%} of the figure apart (median)."


def _queues(figures: Sequence[Figure]) -> list[str]:
    targets = sorted({each.of for each in figures if each.of.startswith("queue:")})
    names = list(dict.fromkeys(each.name for each in figures if each.of in targets))
    by = {(each.of, each.name): each for each in figures}
    head = "".join(f" {target} | counted |" for target in targets)
    lines = [f"| figure |{head}", "|---" * (1 + 2 * len(targets)) + "|"]
    rows = ((name, "".join(f" {_shown(by[of, name])} |" for of in targets if (of, name) in by)) for name in names)
    return [*lines, *(f"| `{name}` |{shown}" for name, shown in rows)]


def _agents(figures: Sequence[Figure]) -> list[str]:
    """Of all agents together; each is compared alone."""
    mine = [each for each in figures if not each.of.startswith("queue:")]
    lines = ["| figure | all agents | counted |", "|---|---|---|"]
    for name in dict.fromkeys(each.name for each in mine):
        found = [each for each in mine if each.name == name]
        low, high = sum(each.counted.low for each in found), sum(each.counted.high for each in found)
        shown = _figure(sum(each.reported for each in found), low, high, count=found[0].count)
        lines.append(f"| `{name}` | {shown} |")
    return lines


def _shown(each: Figure) -> str:
    text = _figure(each.reported, each.counted.low, each.counted.high, count=each.count)
    return text if each.right else text.replace(" | ", " | **", 1) + "**"


def _figure(reported: float, low: float, high: float, *, count: bool) -> str:
    if count:
        return f"{reported:,.0f} | {low:,.0f}" + ("" if low == high else f" to {high:,.0f}")
    return f"{reported:,.2f} s | {low:,.2f} to {high:,.2f}"


def _wrong(result: Result) -> list[str]:
    unlike = [
        f"{where}{each.of}, {each.name}: {each.reported:g} is reported, and "
        f"{each.counted.low:g} to {each.counted.high:g} counted"
        for where, figures in (("", result.figures), ("in a minute, ", result.of_minutes))
        for each in figures
        if not each.right
    ]
    found = [*result.wrong, *unlike]
    return (
        ["**Not as it should be:**", "", *(f"- {each}" for each in found), ""]
        if found
        else ["Not as it should be: nothing.", ""]
    )


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f}"
