"""The phrases of a scenario: what a bot does, what has to be so, what it does when called.

Each is `<bot> <verb> [argument]`. The grammar is small and total: a phrase that is not in it is refused
when the scenario is read, with the phrases that would have been understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from tests.bots.behaviour import (
    Behaviour,
    Progress,
    answers,
    declines,
    forwards,
    is_busy,
    is_unplugged,
    is_unreachable,
    rings,
)
from tests.bots.carrier import Withholding

NAME: Final = r"[A-Za-z_][A-Za-z0-9_-]*"
_NUMBER: Final = r"[0-9+*#A-Za-z_.-]+"
_DIGITS: Final = r"[0-9*#A-D]+"
_WAYS: Final = "|".join(way.words for way in Withholding)
_BOTS: Final = rf"{NAME}(?:(?:\s*,\s*|\s+and\s+){NAME})*"

ACTIONS: Final[Mapping[str, str]] = {
    "dials NUMBER": rf"dials (?P<number>{_NUMBER})",
    "dials NUMBER anonymously": rf"dials (?P<number>{_NUMBER}) anonymously",
    "dials NUMBER withholding WAY": rf"dials (?P<number>{_NUMBER}) withholding (?P<way>{_WAYS})",
    "answers": "answers",
    "declines": "declines",
    "is busy": "is busy",
    "hangs up": "hangs up",
    "loses its calls": "loses its calls",
    "holds": "holds",
    "resumes": "resumes",
    "sends DIGITS": rf"sends (?P<digits>{_DIGITS})",
    "goes silent": "goes silent",
    "speaks": "speaks",
    "transfers to NUMBER": rf"transfers to (?P<number>{_NUMBER})",
    "completes the transfer": "completes the transfer",
    "registers": "registers",
    "unregisters": "unregisters",
    "is unplugged": "is unplugged",
    "is plugged in": "is plugged in",
}

FACTS: Final[Mapping[str, str]] = {
    "rings": "rings",
    "stops ringing": "stops ringing",
    "talks": "talks",
    "has hung up": "has hung up",
    "hears BOTS": rf"hears (?P<bots>{_BOTS})",
    "hears only BOTS": rf"hears only (?P<bots>{_BOTS})",
    "hears nothing of BOTS": rf"hears nothing of (?P<bots>{_BOTS})",
    "hears nobody": "hears nobody",
    "hears nothing": "hears nothing",
    "hears music": "hears music",
    "hears speech": "hears speech",
    "hears ringing": "hears ringing",
}

BEHAVIOURS: Final[Mapping[str, str]] = {
    "rings": "rings",
    "answers": "answers",
    "answers after SECONDS": r"answers after (?P<seconds>[0-9.]+)",
    "answers twice": "answers twice",
    "answers and holds": "answers and holds",
    "declines": "declines",
    "declines after SECONDS": r"declines after (?P<seconds>[0-9.]+)",
    "is busy": "is busy",
    "is unreachable": "is unreachable",
    "is unreachable STATUS": r"is unreachable (?P<status>[456][0-9][0-9])",
    "is unplugged": "is unplugged",
    "forwards to NUMBER": rf"forwards to (?P<number>{_NUMBER})",
}

_PROGRESS: Final = tuple(word for word in get_args(Progress) if word != "ringing")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase taken apart: whose, which form of the table, and its arguments."""

    bot: str
    form: str
    arguments: Mapping[str, str]

    @property
    def bots(self) -> tuple[str, ...]:
        """The other bots that it names."""
        named = self.arguments.get("bots", "")
        return tuple(re.split(r"\s*,\s*|\s+and\s+", named)) if named else ()


def _match(text: str, forms: Mapping[str, str]) -> tuple[str, dict[str, str]] | None:
    # The fixed forms first: "hears music" is music, even where somebody calls a bot "music".
    ordered = sorted(forms.items(), key=lambda item: "(?P" in item[1])
    for form, pattern in ordered:
        found = re.fullmatch(pattern, text)
        if found is not None:
            return form, found.groupdict()
    return None


def read(text: str, forms: Mapping[str, str]) -> Phrase:
    """Take `<bot> <verb> …` apart. Raises ValueError that lists what is understood."""
    found = re.fullmatch(rf"({NAME})\s+(.+)", text.strip())
    if found is not None:
        matched = _match(" ".join(found.group(2).split()), forms)
        if matched is not None:
            return Phrase(found.group(1), *matched)
    raise ValueError(f"{text!r} is not understood; a bot's name, then one of: {'; '.join(forms)}")


def behaviour(text: str) -> Behaviour:
    """What a bot does when called, e.g. `answers after 1.5`, `is unreachable 503`.

    `… with early media`, `… with 183 without SDP` and the like may follow `rings` and `answers`. Raises ValueError that
    lists what is understood.
    """
    phrase = " ".join(text.split())
    progress: Progress = next((word for word in _PROGRESS if phrase.endswith(f" with {word}")), "ringing")
    matched = _match(phrase.removesuffix(f" with {progress}"), BEHAVIOURS)
    if matched is None or (progress != "ringing" and not phrase.startswith(("rings", "answers"))):
        raise ValueError(f"{text!r} is not understood; one of: {'; '.join(BEHAVIOURS)}")
    form, arguments = matched
    after = float(arguments.get("seconds") or 0)
    match form.split(" after ")[0].split(" STATUS")[0]:
        case "rings":
            return rings(progress=progress)
        case "answers":
            return answers(after, progress=progress)
        case "answers twice":
            return answers(progress=progress, habit="answers twice")
        case "answers and holds":
            return answers(progress=progress, habit="holds")
        case "declines":
            return declines(after)
        case "is busy":
            return is_busy()
        case "is unplugged":
            return is_unplugged()
        case "forwards to NUMBER":
            return forwards(arguments["number"])
        case _:
            return is_unreachable(int(arguments.get("status") or 404))
