"""Agents of a spreadsheet, merged into the text of callcentre.yaml: values change where they stand, and nothing else.

What comes of it is read again: unless it says what the text said before, and of these agents what the lines say, it is
refused.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ari_app.config.credentials import Credential, check_password, hash_password
from ari_app.config.document import read_document
from ari_app.config.errors import ConfigError, ConfigInvalid
from ari_app.config.file import parse
from ari_app.config.phones import phone_digest
from ari_app.config.rows import Row

_PLAIN = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ0-9_.' -]*")
_WORDS = frozenset({"true", "false", "null"})
_IN_ORDER = (
    "name",
    "phone",
    "role",
    "password_hash",
    "groups",
    "skills",
    "max_calls",
    "call_waiting",
    "class_of_service",
)
_INDENT = "  "

type Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Merged:
    """The text with the agents in it, and `entries`, what of it is new: by agent, the fields that change. `new`: who
    was not there before."""

    text: str
    entries: Mapping[str, Entry]
    new: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


@dataclass(slots=True)
class _Place:
    """The agents of the file, as nodes with their places in the text."""

    text: str
    root: yaml.Node | None
    edits: list[_Edit] = field(default_factory=list)


def merged(rows: Sequence[Row], text: str, csv_file: str, file: str) -> Merged:
    """Merge them. Costs 20 ms for each password.

    Raises:
        ConfigInvalid: with all that is wrong with the lines, or with the file as it is or would be.
    """
    document = read_document(text, file)
    if document.errors:
        raise ConfigInvalid(document.errors)
    whole = document.value if isinstance(document.value, dict) else {}
    agents = whole.get("agents") or {}
    entries = {row.id: entry for row in rows if (entry := _changes(row, agents.get(row.id)))}
    new = [agent for agent in entries if agent not in agents]
    place = _Place(text, yaml.compose(text, Loader=yaml.SafeLoader))
    _edit(place, entries, agents)
    after = text
    for edit in sorted(place.edits, key=lambda edit: edit.start, reverse=True):
        after = after[: edit.start] + edit.text + after[edit.end :]
    _verify(after, whole, entries, rows, csv_file, file)
    return Merged(after, entries, new)


def in_yaml(entries: Mapping[str, Entry]) -> str:
    """As it would stand in the file."""
    lines = [line for agent, entry in entries.items() for line in _lines(agent, entry, _INDENT)]
    return "\n".join(["agents:", *lines]) + "\n" if lines else ""


# -- what changes -----------------------------------------------------------------------------------------------------


def _changes(row: Row, now: object) -> Entry:
    """The fields of the line that the file does not have like that."""
    has: Entry = now if isinstance(now, dict) else {}
    wanted: Entry = dict(row.fields)
    password, secret = wanted.pop("password", None), wanted.pop("secret", None)
    digest = wanted.pop("digest", None)
    if password is not None and not _proves(password, has):
        wanted["password_hash"] = hash_password(password)
    if "phone" in wanted:
        user = str(wanted.pop("phone"))
        digest = phone_digest(user, secret) if secret is not None else digest
        phone = {"user": user, "digest": digest} if digest is not None else user
        if _phone(has.get("phone"), with_digest=digest is not None) != phone:
            wanted["phone"] = phone
    return {name: wanted[name] for name in _IN_ORDER if name in wanted and has.get(name) != wanted[name]}


def _proves(password: str, has: Entry) -> bool:
    """Whether that is their password already."""
    known = Credential(has.get("password"), has.get("password_hash"))
    return (known.password or known.password_hash) is not None and check_password(known, password)


def _phone(now: object, *, with_digest: bool) -> object:
    """What the file has, as the line would say it."""
    if not isinstance(now, dict):
        return None if now is None else str(now)
    user = str(now.get("user"))
    if not with_digest:
        return user
    secret = now.get("secret")
    return {"user": user, "digest": phone_digest(user, str(secret)) if secret is not None else now.get("digest")}


# -- into the text ----------------------------------------------------------------------------------------------------


def _edit(place: _Place, entries: Mapping[str, Entry], agents: Mapping[str, object]) -> None:
    section = _of(place.root, "agents")
    for agent, entry in entries.items():
        node = _of(section, agent)
        if agent in agents and isinstance(node, yaml.MappingNode):
            _change(place, node, entry)
    new = {agent: entry for agent, entry in entries.items() if agent not in agents}
    if new:
        _add(place, section, new)


def _of(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _change(place: _Place, node: yaml.MappingNode, entry: Entry) -> None:
    """Another value where there is one; a field more behind the last one."""
    others = []
    for name, value in entry.items():
        other = {"password_hash": "password"}.get(name, name)  # a hash takes the place of what stood in clear
        pair = next((pair for pair in node.value if pair[0].value in (name, other)), None)
        if pair is None:
            others.append((name, value))
        else:
            key, old = pair
            start, end = key.start_mark.index, _end(old)
            place.edits.append(_Edit(start, end, f"{name}: {_flow(value)}"))
    if not others:
        return
    last = _end(node.value[-1][1])
    if node.flow_style:
        text = "".join(f", {name}: {_flow(value)}" for name, value in others)
        place.edits.append(_Edit(last, last, text))
        return
    indent = " " * node.value[0][0].start_mark.column
    at = _line_end(place.text, last)
    place.edits.append(_Edit(at, at, "".join(f"\n{indent}{name}: {_flow(value)}" for name, value in others)))


def _add(place: _Place, section: yaml.Node | None, new: Mapping[str, Entry]) -> None:
    """Agents behind the last one."""
    if isinstance(section, yaml.MappingNode) and section.value:
        last = _end(section.value[-1][1])
        if section.flow_style:
            text = "".join(f", {agent}: {_flow(entry)}" for agent, entry in new.items())
            place.edits.append(_Edit(last, last, text))
            return
        at, indent = _line_end(place.text, last), " " * section.value[0][0].start_mark.column
        lines = [line for agent, entry in new.items() for line in _lines(agent, entry, indent)]
        place.edits.append(_Edit(at, at, "".join(f"\n{line}" for line in lines)))
        return
    lines = [line for agent, entry in new.items() for line in _lines(agent, entry, _INDENT)]
    if section is not None:  # `agents:` and nothing behind it, or {}
        start, end = section.start_mark.index, section.end_mark.index
        place.edits.append(_Edit(start, end, "".join(f"\n{line}" for line in lines)))
        return
    at = len(place.text)
    begin = "" if not place.text or place.text.endswith("\n") else "\n"
    place.edits.append(_Edit(at, at, begin + "\n".join(["agents:", *lines]) + "\n"))


def _end(node: yaml.Node) -> int:
    """Where it ends in the text: of what is written in lines, its last part; comments behind it are none of it."""
    if isinstance(node, yaml.MappingNode | yaml.SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _lines(agent: str, entry: Entry, indent: str) -> Iterator[str]:
    yield f"{indent}{_flow(agent)}:"
    for name, value in entry.items():
        yield f"{indent}{_INDENT}{name}: {_flow(value)}"


def _flow(value: object) -> str:
    """A value as YAML in one line."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case dict():
            return f"{{{', '.join(f'{_flow(name)}: {_flow(each)}' for name, each in value.items())}}}"
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.endswith(" ")
    if plain:
        return text
    # What YAML would take for the end of a line is written as what it is.
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(text, ensure_ascii=False))


# -- what has come of it ----------------------------------------------------------------------------------------------


def _verify(
    text: str, before: Entry, entries: Mapping[str, Entry], rows: Sequence[Row], csv_file: str, file: str
) -> None:
    """Raises: ConfigInvalid."""
    lines = {row.id: row.line for row in rows}
    after = read_document(text, file).value
    if (
        not isinstance(after, dict)
        or _without(after, entries) != _without(before, entries)
        or not _says(after, entries)
    ):
        message = "cannot be changed by lines of a spreadsheet: it is written with aliases, or tags. Write them out"
        raise ConfigInvalid([ConfigError(file, 0, "agents", message)])
    try:
        parse(text, file)
    except ConfigInvalid as invalid:
        raise ConfigInvalid([_of_a_line(error, lines, csv_file) for error in invalid.errors]) from None


def _without(whole: Entry, entries: Mapping[str, Entry]) -> Entry:
    """What the lines change left out."""

    def kept(agent: str, entry: object) -> object:
        if agent not in entries or not isinstance(entry, dict):
            return None if agent in entries else entry
        gone = {*entries[agent], *(["password"] if "password_hash" in entries[agent] else [])}
        return {name: value for name, value in entry.items() if name not in gone}

    agents = {agent: kept(agent, entry) for agent, entry in (whole.get("agents") or {}).items()}
    return {**whole, "agents": {agent: entry for agent, entry in agents.items() if entry}}


def _says(whole: Entry, entries: Mapping[str, Entry]) -> bool:
    agents = whole.get("agents") or {}
    return all(
        (agents.get(agent) or {}).get(name) == value
        for agent, entry in entries.items()
        for name, value in entry.items()
    )


def _of_a_line(error: ConfigError, lines: Mapping[str, int], csv_file: str) -> ConfigError:
    """What is wrong with an agent who is in a line of the spreadsheet is wrong with that line."""
    section, _, rest = error.field.partition(".")
    agent = next((name for name in lines if rest == name or rest.startswith(f"{name}.")), None)
    if agent is None or section != "agents":
        return error
    return ConfigError(csv_file, lines[agent], rest.removeprefix(agent).removeprefix(".") or "id", error.message)
