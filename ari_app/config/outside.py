"""What the administrator's file says of numbers outside: who may dial which, how many, and those for an emergency."""

import re
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from ari_app.config.entry import Entry
from ari_app.config.values import Number, Pattern
from ari_app.routing.outside import Ceilings, ClassOfService, Emergency, OutsideLimits, OutsideRule, Place
from ari_app.routing.patterns import PatternError, compiled

DEFAULTS = OutsideLimits()
_WHO = re.compile(r"(agent|group|class):[A-Za-z0-9_.-]{1,64}|role:(agent|supervisor|admin)")


def _who(value: object) -> object:
    if value == "everybody":
        return []
    for text in value if isinstance(value, list) else ():
        if not isinstance(text, str) or _WHO.fullmatch(text) is None:
            raise ValueError("must be agent:…, group:…, class:… or role:agent, role:supervisor, role:admin")
    return value


Who = Annotated[
    list[str],
    BeforeValidator(_who),
    WithJsonSchema({"anyOf": [{"const": "everybody"}, {"type": "array", "items": {"type": "string"}}]}),
]


class OutsideEntry(Entry):
    """Numbers that may be dialled outside. The first rule that matches counts; what none matches is refused. Rules with
    `deny: true` are looked at before all others, wherever they stand."""

    pattern: Pattern
    """A regular expression that the whole number must match. It may have no back references and not look behind."""
    replace: str | None = None
    """Rewrites the number; `\\1` is the first group of the pattern."""
    deny: bool = False
    """These numbers are refused, both as they are dialled and as another rule would rewrite them."""
    for_: Who = Field([], alias="for")
    """Whom it is for: `everybody`, or a list of `agent:…`, `group:…`, `role:…` and `class:…` (a class of service)."""

    @model_validator(mode="after")
    def _replaceable(self) -> Self:
        if self.replace is not None and self.deny:
            raise ValueError("what is denied goes nowhere: there is nothing to replace")
        try:
            compiled(self.pattern).check(self.replace or "")
        except PatternError as error:
            raise ValueError(f"replace does not fit the pattern: {error}") from None
        return self

    def rule(self) -> OutsideRule:
        """As it is applied."""
        return OutsideRule(self.pattern, self.replace, self.deny, frozenset(self.for_))


class ClassOfServiceEntry(Entry):
    """A class of agents, who name it as their `class_of_service`: what is otherwise for them than in
    `settings.outside`. Rules of `outside` name it as `class:…`."""

    calls: int | None = Field(None, ge=0, le=1000)
    """How many calls to numbers outside each may have at once."""
    per_minute: int | None = Field(None, ge=0, le=10_000)
    """How many each may make in a minute."""
    dial_when_logged_out: bool | None = None
    """Whether they may dial outside while they are logged out."""

    def service(self) -> ClassOfService:
        """As it is applied."""
        return ClassOfService(self.calls, self.per_minute, self.dial_when_logged_out)


class OutsideLimitsEntry(Entry):
    """How much may be dialled outside, by phone and from desktops alike: what a stolen phone costs at most. A transfer
    or a consultation outside counts as a call; emergencies do not."""

    calls: int = Field(DEFAULTS.agent.calls, ge=0, le=1000)
    """How many calls to numbers outside that an agent dialled may go on at once, also without them."""
    per_minute: int = Field(DEFAULTS.agent.per_minute, ge=0, le=10_000)
    """How many an agent may dial in a minute."""
    calls_of_all: int = Field(DEFAULTS.everybody.calls, ge=0, le=100_000)
    """How many such calls of all agents together may go on at each Asterisk."""
    per_minute_of_all: int = Field(DEFAULTS.everybody.per_minute, ge=0, le=100_000)
    """How many all agents together may dial in a minute at each Asterisk."""
    dial_when_logged_out: bool = DEFAULTS.dial_when_logged_out
    """Whether an agent who is logged out may dial outside."""

    def limits(self) -> OutsideLimits:
        """As they are applied."""
        everybody = Ceilings(self.calls_of_all, self.per_minute_of_all)
        return OutsideLimits(Ceilings(self.calls, self.per_minute), everybody, self.dial_when_logged_out)


class PlaceEntry(Entry):
    """Where agents are, as emergency services see it."""

    number: Number
    """The number that is shown, and called back. The carrier must know the address that belongs to it."""
    for_: Who = Field([], alias="for")
    """Who is there: as in `outside`."""


class EmergencyEntry(Entry):
    """Numbers for emergencies. Everybody may dial them at any time, logged out or not, whatever `outside` and the
    ceilings say: by phone past the controller (`extensions.conf`, which `ari-app check` compares), and from desktops.
    Supervisors are notified."""

    numbers: list[Number] = Field([], max_length=64)
    """The numbers, which go to the trunk as they are."""
    places: list[PlaceEntry] = Field([], max_length=256)
    """Where agents are; the first that is for an agent counts. Without one the number of `company` is shown. Of what is
    dialled by phone, `extensions.conf` and `pjsip.conf` say it."""

    def emergency(self) -> Emergency:
        """As it is applied."""
        places = tuple(Place(place.number, frozenset(place.for_)) for place in self.places)
        return Emergency(frozenset(self.numbers), places)
