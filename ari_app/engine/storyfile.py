"""A story as a file: written by one controller, replayed by another, also by one of a later version.

JSON in which everything that JSON does not have carries its type: `{"$": "Call", ...}` is a dataclass, `{"$enum":
"OfferState", "value": "ringing"}`, `{"$set": [...]}`, `{"$tuple": [...]}`, `{"$map": [[key, value], ...]}`. Values that
many steps share (calls, legs, the configuration) stand once, in `values`, and are cited as `{"$ref": n}`. Only types of
the machine's own language are read back. It holds what calls hold, attached data among it, but not who somebody is that
withholds it, nor secrets of the configuration; of keys, what a story has (see `calls.discretion`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from ari_app.calls import commands, effects, model, state, stimuli, story
from ari_app.calls.model import Call, CallId, Leg, Withheld
from ari_app.calls.story import Before, StoryEntry
from ari_app.errors import CallControlError, Code, FieldError
from ari_app.routing import alarms, directory, hours, outside, priorities, settings, targets, ways_out
from ari_app.routing.directory import Directory
from ari_app.routing.settings import SECRET

FORMAT = 1
# Names that older stories have, and what they are called now.
_TYPES_BEFORE = {"Verb": "Purpose", "TransferAsked": "TransferRequested", "RaiseAlarm": "ReportFault"}
_FIELDS_BEFORE = {
    "verbs": "enabled_for",
    "caller_id_verbs": "caller_ids_enabled_for",
    "asked": "requested",
    "told": "notified",
    "on_hold_by_phone": "held_by_phone",
    "phone_holds": "held_by_phone",
    "verb": "entry_verb",
    "link": "local",
    "also": "also_rung",
    "hops": "overflows",
}
_FIELDS_GONE = {("DialLeg", "timeout")}
"""Of a type, which older stories have and nothing depends on any more."""
_TABLES_BEFORE = {"asked": "in_flight"}
_LISTED = (alarms, directory, hours, outside, priorities, settings, targets, ways_out)
_ROOMS = (commands, effects, model, state, stimuli, story, *_LISTED)
_TYPES: Mapping[str, type] = {
    name: found
    for room in _ROOMS
    for name, found in vars(room).items()
    if isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum))
}
_SHARED = (Call, Leg, Directory)


class StoryUnreadable(ValueError):
    """The file is no story, or of a version that knew what this one does not."""


def write(call: CallId, entries: Sequence[StoryEntry]) -> str:
    """The story of a call as JSON."""
    writer = _Writer()
    written = [
        {"at": entry.at, "kind": entry.kind, "detail": writer.write(entry.detail), "before": writer.write(entry.before)}
        for entry in entries
    ]
    return json.dumps({"format": FORMAT, "call": call, "values": writer.values, "story": written}, ensure_ascii=False)


def read(text: str) -> tuple[CallId, tuple[StoryEntry, ...]]:
    """The call, and its story.

    Raises:
        StoryUnreadable: saying why.
    """
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise StoryUnreadable(f"format {document['format']} is not the one that this version reads, {FORMAT}")
        reader = _Reader(document["values"])
        entries = tuple(
            StoryEntry(entry["at"], entry["kind"], reader.read(entry["detail"]), _renamed(reader.read(entry["before"])))
            for entry in document["story"]
        )
    except StoryUnreadable:
        raise
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise StoryUnreadable(f"not a story: {type(error).__name__}: {error}") from error
    return str(document["call"]), entries


def _renamed(before: Before | None) -> Before | None:
    """With the tables of the state by their names of today."""
    if before is None:
        return None
    values = {(_TABLES_BEFORE.get(table, table), key): value for (table, key), value in before.values.items()}
    lists = {(_TABLES_BEFORE.get(table, table), key): keys for (table, key), keys in before.lists.items()}
    return replace(before, values=values, lists=lists)


class _Writer:
    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[int, tuple[int, object]] = {}  # by identity; the value is kept, so that it stays its own

    def write(self, value: object) -> Any:
        if isinstance(value, _SHARED):
            return {"$ref": self._place(value)}
        return self._write(value)

    def _place(self, value: object) -> int:
        if id(value) not in self._places:
            written = self._write(value)
            self._places[id(value)] = (len(self.values), value)
            self.values.append(written)
        return self._places[id(value)][0]

    def _write(self, value: object) -> Any:
        match value:
            case Enum():
                return {"$enum": type(value).__name__, "value": value.value}
            case None | bool() | int() | float() | str():
                return value
            case Withheld():
                return None  # no effect depends on it: the story runs the same without
            case CallControlError(code=code, detail=detail, fields=wrong):
                named = [[one.field, one.message] for one in wrong]
                return {"$error": code.value, "detail": detail, "fields": named}
            case frozenset():
                return {"$set": sorted((self.write(x) for x in value), key=repr)}
            case tuple():
                return {"$tuple": [self.write(x) for x in value]}
            case Mapping():
                return {"$map": [[self.write(k), self.write(v)] for k, v in value.items()]}
            case _ if is_dataclass(value) and not isinstance(value, type):
                kept = (f.name for f in fields(value) if f.init and SECRET not in f.metadata)
                return {"$": type(value).__name__, **{name: self.write(getattr(value, name)) for name in kept}}
            case _:
                raise TypeError(f"a story cannot hold {type(value).__name__}")


class _Reader:
    def __init__(self, values: Sequence[Any]) -> None:
        self._written = values
        self._read: dict[int, object] = {}

    def read(self, value: Any) -> Any:
        match value:
            case {"$ref": int() as place}:
                if place not in self._read:
                    self._read[place] = self.read(self._written[place])
                return self._read[place]
            case {"$": str() as name, **kept}:
                return self._type(name)(
                    **{
                        _FIELDS_BEFORE.get(str(key), str(key)): self.read(x)
                        for key, x in kept.items()
                        if (name, key) not in _FIELDS_GONE
                    }
                )
            case {"$enum": str() as name, "value": inner}:
                return self._type(name)(inner)
            case {"$error": str() as code, "detail": str() as detail, **rest}:
                wrong: Any = rest.get("fields", ())
                return CallControlError(Code(code), detail, [FieldError(*named) for named in wrong])
            case {"$set": list() as items}:
                return frozenset(self.read(x) for x in items)
            case {"$tuple": list() as items}:
                return tuple(self.read(x) for x in items)
            case {"$map": list() as items}:
                return {self.read(k): self.read(x) for k, x in items}
            case None | bool() | int() | float() | str():
                return value
            case _:
                raise StoryUnreadable(f"{value!r:.80} is nothing that a story has")

    @staticmethod
    def _type(name: str) -> Any:
        name = _TYPES_BEFORE.get(name, name)
        if name not in _TYPES:
            raise StoryUnreadable(f"{name} is nothing that this version knows")
        return _TYPES[name]
