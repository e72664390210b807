"""The administrator's file: for how long what is stored is kept."""

from typing import Annotated

from pydantic import Field

from ari_app.config.entry import Entry
from ari_app.routing.directory import Settings

_KEPT = Settings().keep_days

type Days = Annotated[float, Field(ge=0.001, le=36_500, allow_inf_nan=False)]


class KeepDaysEntry(Entry):
    """For how many days what is stored of people is kept. What is older is forgotten within the hour."""

    history: Days = _KEPT.history
    """Calls that are over, and what agents noted of them; counted from their end."""
    recordings: Days | None = _KEPT.recordings
    """Recordings that the API lists, with their files, from their beginning. Without it until somebody deletes them."""
    recents: Days = _KEPT.recents
    """What an agent reached last, from the last time that they reached anything."""
    favourites: Days | None = _KEPT.favourites
    """What an agent has marked, from the last time that they marked anything. Without it until the agent is no longer
    listed."""
    answers: Days = _KEPT.answers
    """Answers to requests with an `Idempotency-Key`: 0.05 is a little more than an hour."""
    stories: Days = _KEPT.stories
    """The stories of calls that are over."""
    audit: Days = _KEPT.audit
    """The record of who did what (`ari-app audit`); of that never more than 200,000 lines."""
