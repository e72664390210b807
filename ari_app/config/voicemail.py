"""The administrator's file: boxes in which callers leave messages."""

from typing import Annotated

from pydantic import Field

from ari_app.config.entry import Entry
from ari_app.config.keeping import Days
from ari_app.config.values import Announcement, Name, TargetText
from ari_app.routing.directory import Voicemail

_DEFAULTS = Voicemail("", "")


class VoicemailEntry(Entry):
    """A box in which callers leave messages. It is a target, `voicemail:<id>`, of `closed.to`, `overflow`, `keys`,
    `fallback` and of the dialplan; agents neither call it nor transfer to it."""

    name: Name
    """What desktops show."""
    notify: Annotated[list[TargetText], Field(min_length=1)]
    """Who gets to know of each message, and may hear it: groups, queues, skills, agents. Supervisors may hear all."""
    greeting: Announcement | None = None
    """What a caller hears first; without it the announcement `voicemail_greeting`. A beep follows."""
    max_seconds: Annotated[int, Field(ge=5, le=3600)] = _DEFAULTS.max_seconds
    """How long a message may be."""
    min_seconds: Annotated[int, Field(ge=0, le=60)] = _DEFAULTS.min_seconds
    """Whoever speaks for less has left no message. Asterisk counts whole seconds: it may be one more, or one less."""
    max_silence: Annotated[int, Field(ge=1, le=60)] = _DEFAULTS.max_silence
    """After how many seconds of silence a message is over."""
    keep_days: Days = _DEFAULTS.keep_days
    """For how many days messages are kept, heard or not; those of a box that is taken out of the file as long as those
    of any, and 30 at least."""
    max_messages: Annotated[int, Field(ge=1, le=10_000)] = _DEFAULTS.max_messages
    """How many are kept, heard or not: who comes then leaves none, and goes to `fallback`."""
    max_unheard: Annotated[int, Field(ge=1, le=10_000)] = _DEFAULTS.max_unheard
    """The same of the messages of one number that nobody has heard yet."""
    alarm_after: Annotated[float, Field(ge=60, le=2_592_000)] | None = None
    """Seconds after which it is an alarm (`unheard_message`) that nobody has heard a message; without it, never."""

    def box(self, name: str) -> Voicemail:
        """As it is applied."""
        return Voicemail(
            name,
            self.name,
            tuple(self.notify),
            self.greeting or "",
            self.max_seconds,
            self.min_seconds,
            self.max_silence,
            self.keep_days,
            self.max_messages,
            self.max_unheard,
            self.alarm_after,
        )
