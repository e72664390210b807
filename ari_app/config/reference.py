"""What the administrator may write, made from the schema: the tables of docs/configuration.md, and a JSON Schema.

`python -m ari_app.config.reference docs` writes both into that directory. An editor that is given the JSON Schema
(`# yaml-language-server: $schema=…`) completes and checks the file while it is written.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ari_app.config.api_keys import ApiKeyEntry
from ari_app.config.entry import Entry
from ari_app.config.hours import HoursEntry
from ari_app.config.outside import ClassOfServiceEntry, OutsideEntry
from ari_app.config.priorities import PriorityEntry
from ari_app.config.references import ANNOUNCEMENTS
from ari_app.config.schema import (
    AgentEntry,
    CallerIdEntry,
    GroupEntry,
    QueueEntry,
    RoutingPointEntry,
    SettingsEntry,
    SkillEntry,
)
from ari_app.config.settings import ProcessSettings
from ari_app.config.values import Announcement
from ari_app.config.voicemail import VoicemailEntry
from ari_app.config.webhooks import WebhookEntry

type Json = dict[str, Any]

PAGE, SCHEMA = "configuration.md", "callcentre.schema.json"


class Everything(Entry):
    """The call centre: who works here, how they are reached, and what is enabled."""

    agents: dict[str, AgentEntry] | None = None
    """People, by the id that they log in with."""
    groups: dict[str, GroupEntry] | None = None
    """Agents who are reached together, by id."""
    queues: dict[str, QueueEntry] | None = None
    """Where callers wait, by id."""
    skills: dict[str, SkillEntry] | None = None
    """What agents can do, by id."""
    routing_points: dict[str, RoutingPointEntry] | None = None
    """Entries of the dialplan, by id."""
    voicemail: dict[str, VoicemailEntry] | None = None
    """Boxes in which callers leave messages, by id."""
    caller_ids: dict[str, CallerIdEntry] | None = None
    """Identities that agents may show, by id."""
    outside: list[OutsideEntry] | None = None
    """Numbers that may be dialled outside."""
    classes_of_service: dict[str, ClassOfServiceEntry] | None = None
    """What is otherwise for some agents, by id."""
    hours: dict[str, HoursEntry] | None = None
    """When something is open, by id."""
    priorities: dict[str, PriorityEntry] | None = None
    """Callers who go before others, by id; the first list that has a number counts."""
    announcements: dict[str, Announcement] | None = None
    """Sound files of Asterisk without their ending, one or a list, by what they are played for."""
    api_keys: dict[str, ApiKeyEntry] | None = None
    """Programs that use the API, by id."""
    webhooks: dict[str, WebhookEntry] | None = None
    """Other software that is sent what happens, by id."""
    settings: SettingsEntry | None = None
    """Everything else."""


def json_schema() -> str:
    """The JSON Schema of the file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema() -> Json:
    """As pydantic tells it, with the announcements by name."""
    schema = Everything.model_json_schema()
    listed: Json = schema["properties"]["announcements"]["anyOf"][0]
    each = listed["additionalProperties"]
    listed["properties"] = {name: {**each, "description": when} for name, when in ANNOUNCEMENTS.items()}
    listed["additionalProperties"] = False
    return schema


def page(text: str) -> str:
    """The page with its generated parts (`<!-- generated: … -->`) as they are now."""
    for name, lines in (("sections", _sections()), ("environment", _environment())):
        begin, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
        before, mark, rest = text.partition(begin)
        text = before + mark + "\n" + "\n".join(lines) + "\n" + end + rest.partition(end)[2] if mark else text
    return text


def _sections() -> Iterator[str]:
    schema = _schema()
    nested: list[tuple[list[str], Json]] = []
    for name, section in schema["properties"].items():
        yield f"### {name}\n"
        if name == "announcements":
            yield f"{section['description']}\n\n| name | when it is played |\n|---|---|"
            yield from (f"| `{prompt}` | {when} |" for prompt, when in ANNOUNCEMENTS.items())
            yield ""
            continue
        entry = _entry(section, schema)
        yield f"{entry['description']}\n"
        yield from _table(entry, schema)
        for field, value in entry["properties"].items():
            inner = _entry(value, schema)
            if "properties" not in inner:
                continue
            if (same := next((names for names, known in nested if known is inner), None)) is not None:
                same.append(f"{name}.{field}")
            else:
                nested.append(([f"{name}.{field}"], inner))
    for names, entry in nested:
        yield f"### {', '.join(names)}\n\n{entry['description']}\n"
        yield from _table(entry, schema)


def _entry(value: Json, schema: Json) -> Json:
    """What a section or field consists of: through references, options, values of mappings and items of lists."""
    match value:
        case {"$ref": str(ref)}:
            return _entry(schema["$defs"][ref.rpartition("/")[2]], schema)
        case {"anyOf": [first, *_]} | {"additionalProperties": dict(first)} | {"items": first}:
            return _entry(first, schema)
    return value


def _table(entry: Json, schema: Json) -> Iterator[str]:
    yield "| field | value | unless given | |\n|---|---|---|---|"
    for name, value in entry["properties"].items():
        needed = name in entry.get("required", ())
        default = "must be given" if needed else _default(value.get("default"))
        described = " ".join(value.get("description", "").split())
        yield f"| `{name}` | {_kind(value, schema)} | {default} | {described} |"
    yield ""


def _default(value: object) -> str:
    match value:
        case None | "" | [] | {}:
            return ""
        case dict():
            return "see below"
        case list():
            return ", ".join(map(str, value))
        case bool():
            return str(value).lower()
        case float():
            return str(round(value, 3)).removesuffix(".0")
    return str(value)


def _kind(value: Json, schema: Json) -> str:
    """A type in words."""
    match value:
        case {"$ref": str(ref)}:
            return _kind(schema["$defs"][ref.rpartition("/")[2]], schema)
        case {"anyOf": list(options)}:
            return " or ".join(_kind(option, schema) for option in options if option.get("type") != "null")
        case {"enum": list(values)}:
            return " \\| ".join(f"`{each}`" for each in values)
        case {"const": text}:
            return f"`{text}`"
        case {"type": "array", "items": items}:
            return f"list of {_kind(items, schema)}"
        case {"properties": _}:
            return "see below"
        case {"type": "object", "additionalProperties": each}:
            return f"names with {_kind(each, schema)}"
        case {"title": ("number" | "target" | "keys") as title}:
            return str(title)
        case {"type": "boolean"}:
            return "true \\| false"
        case {"type": "integer" | "number"}:
            return f"number{_limits(value)}"
    return "text"


def _limits(value: Json) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
    return "".join(f" {word} {round(value[limit])}" for limit, word in words.items() if limit in value)


def _environment() -> Iterator[str]:
    yield "| variable | unless given | |\n|---|---|---|"
    prefix = ProcessSettings.model_config["env_prefix"]
    for name, field in ProcessSettings.model_fields.items():
        default = "must be given" if field.is_required() else _default(_plain(field.default))
        yield f"| `{prefix}{name.upper()}` | {default} | {' '.join((field.description or '').split())} |"
    yield ""


def _plain(value: object) -> object:
    return value if isinstance(value, int | float) else str(value)


def main(arguments: Sequence[str]) -> int:
    """Write page and schema into the directory that is named."""
    folder = Path(arguments[0] if arguments else "docs")
    (folder / PAGE).write_text(page((folder / PAGE).read_text()))
    (folder / SCHEMA).write_text(json_schema())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
