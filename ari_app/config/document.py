"""A YAML document as plain values, and where in the file each of them stands.

Owns syntax: what YAML allows and we don't (duplicate keys, `yes` as a boolean, dates, endless aliases). What the values
mean is not known here. Only tags of YAML 1.2's core schema are read, so that `no` is a name and `12:30` a text.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ari_app.config.errors import ConfigError

_PREFIX = "tag:yaml.org,2002:"
_Base: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[valid-type, misc]  # libyaml's, where it is there: ten times faster
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


# What each of these tags may stand before, and what begins without a tag as it does.
_PLAIN = {
    "bool": (re.compile(r"(?:true|false)\Z"), list("tf")),
    "null": (re.compile(r"(?:~|null|)\Z"), ["~", "n", ""]),
    "int": (re.compile(r"[-+]?[0-9]+\Z"), list("-+0123456789")),
    "float": (re.compile(r"[-+]?[0-9]+\.[0-9]+\Z"), list("-+0123456789")),
}
for _name, (_pattern, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(_PREFIX + _name, _pattern, _first)

MOST_LEVELS = 50
"""Of mappings and lists in each other."""
MOST_VALUES = 500_000
"""In a file, each as often as aliases repeat it: of 10,000 agents there are a third of it."""

type Path = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """The values of a file. `lines` has the line (from 1) of every key and list item, by its path; `values` counts."""

    file: str
    value: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    errors: list[ConfigError] = field(default_factory=list)
    values: int = 0

    def line(self, path: Sequence[str | int]) -> int:
        """The line of `path`, or of the closest thing around it that is in the file."""
        for length in range(len(path), 0, -1):
            if (found := self.lines.get(tuple(path[:length]))) is not None:
                return found
        return 1

    def complain(self, path: Sequence[str | int], message: str) -> None:
        """Note a fault at `path`."""
        self.errors.append(ConfigError(self.file, self.line(path), ".".join(str(p) for p in path), message))


def read_document(text: str, file: str) -> Document:
    """The document; with syntax errors its value is None and `errors` says what and where."""
    document = Document(file)
    try:
        node = _Composer(text).root()
    except _TooDeep as deep:
        document.errors.append(ConfigError(file, deep.line, "", f"has more than {MOST_LEVELS} levels"))
        return document
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not YAML: {error.problem or error.context}"
        document.errors.append(ConfigError(file, mark.line + 1 if mark else 0, "", message))
        return document
    except yaml.YAMLError as error:  # a character that YAML does not allow
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        document.errors.append(ConfigError(file, line, "", f"not YAML: {getattr(error, 'reason', error)}"))
        return document
    if node is not None:
        try:
            document.value = _value(node, (), document, ())
        except _TooMuch:
            message = f"has more than {MOST_VALUES} values, with each alias for as many as it stands for"
            document.errors.append(ConfigError(file, 0, "", message))
    return document


class _TooMuch(Exception): ...


@dataclass
class _TooDeep(Exception):
    line: int


@dataclass(slots=True, eq=False)
class _Scalar:
    tag: str
    line: int
    value: str


@dataclass(slots=True, eq=False)
class _Sequence:
    tag: str
    line: int
    value: list["_Node"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Mapping:
    tag: str
    line: int
    value: list[tuple["_Node", "_Node"]] = field(default_factory=list)


type _Node = _Scalar | _Sequence | _Mapping


class _Composer:
    """Makes nodes of what libyaml reads, as `yaml.Composer` does.

    Its nodes have two marks each, and take some 4 kB for an agent. What is made of them lies between them, so that a
    controller would have that memory for as long as it runs, though the nodes are gone.
    """

    def __init__(self, text: str) -> None:
        self._loader = _Loader(text)
        self._events = self._read()
        self._anchors: dict[str, _Node] = {}
        self._levels = 0

    def root(self) -> _Node | None:
        """The one document; None where there is nothing.

        Raises:
            yaml.YAMLError: it is not YAML, or there are several.
            _TooDeep: there are more levels than anybody needs; whoever composes them does so by recursion.
        """
        next(self._events)  # the stream begins
        begin = next(self._events)
        if isinstance(begin, yaml.StreamEndEvent):
            return None
        node = self._node(next(self._events))
        next(self._events)  # the document ends
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            expected, found = "expected a single document in the stream", "but found another document"
            raise yaml.composer.ComposerError(expected, begin.start_mark, found, after.start_mark)
        return node

    def _read(self) -> Iterator[Any]:
        try:
            while self._loader.check_event():
                yield self._loader.get_event()
        finally:
            self._loader.dispose()

    def _node(self, event: Any) -> _Node:
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise yaml.composer.ComposerError(None, None, f"found undefined alias {event.anchor}", mark)
            return self._anchors[event.anchor]
        line = mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            return self._anchored(event, _Scalar(self._tag(yaml.ScalarNode, event, event.value), line, event.value))
        self._levels += 1
        if self._levels > MOST_LEVELS:
            raise _TooDeep(line)
        node: _Sequence | _Mapping
        if isinstance(event, yaml.SequenceStartEvent):
            node = _Sequence(self._tag(yaml.SequenceNode, event, None), line)
            self._anchored(event, node)
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                node.value.append(self._node(event))
        else:
            node = _Mapping(self._tag(yaml.MappingNode, event, None), line)
            self._anchored(event, node)
            while not isinstance(event := next(self._events), yaml.MappingEndEvent):
                node.value.append((self._node(event), self._node(next(self._events))))
        self._levels -= 1
        return node

    def _tag(self, kind: type[yaml.Node], event: Any, value: str | None) -> str:
        if event.tag is not None and event.tag != "!":
            return str(event.tag)
        return str(self._loader.resolve(kind, value, event.implicit))

    def _anchored(self, event: Any, node: _Node) -> _Node:
        """An alias may name it from now on. Raises ComposerError for a second one of that name."""
        if event.anchor is not None:
            if event.anchor in self._anchors:
                problem = f"found duplicate anchor {event.anchor}"
                raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
            self._anchors[event.anchor] = node
        return node


def _value(node: _Node, path: Path, document: Document, above: tuple[int, ...]) -> object:
    if id(node) in above:
        document.complain(path, "an alias that contains itself")
        return None
    document.values += 1
    if document.values > MOST_VALUES:
        raise _TooMuch
    above = (*above, id(node))
    if not isinstance(node, _Scalar) and node.tag not in (_PREFIX + "map", _PREFIX + "seq"):
        document.complain(path, f"the tag {node.tag} is not understood here")
        return None
    if isinstance(node, _Mapping):
        return _mapping(node, path, document, above)
    if isinstance(node, _Sequence):
        items = []
        for index, item in enumerate(node.value):
            document.lines[(*path, index)] = item.line
            items.append(_value(item, (*path, index), document, above))
        return items
    return _scalar(node, path, document)


def _mapping(node: _Mapping, path: Path, document: Document, above: tuple[int, ...]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.line
        if not isinstance(key_node, _Scalar):
            document.errors.append(ConfigError(document.file, line, ".".join(map(str, path)), "a key must be a name"))
            continue
        key = key_node.value
        _without_controls(key, (*path, key), document)
        if key in values:
            first = document.line((*path, key))
            where = ".".join(map(str, (*path, key)))
            document.errors.append(ConfigError(document.file, line, where, f"given twice, first in line {first}"))
            continue
        document.lines[(*path, key)] = line
        values[key] = _value(value_node, (*path, key), document, above)
    return values


def _without_controls(text: str, path: Path, document: Document) -> None:
    """What people read, and what goes into SIP, has nothing in it that nobody sees."""
    if any(unicodedata.category(character) in ("Cc", "Cf") for character in text):
        document.complain(path, "has a control character in it, or one that nobody sees")


def _scalar(node: _Scalar, path: Path, document: Document) -> object:
    text = node.value
    kind = node.tag.removeprefix(_PREFIX)
    if kind in _PLAIN and not _PLAIN[kind][0].match(text):
        document.complain(path, f"is no {kind}, as its tag says")
        return None
    match kind:
        case "str":
            _without_controls(text, path, document)
            return text
        case "bool":
            return text == "true"
        case "null":
            return None
        case "int":
            # A leading zero or plus means a telephone number; as an integer it would lose it.
            return text if text.startswith(("0", "+")) and len(text) > 1 else int(text[:30])
        case "float":
            return float(text)
        case tag:
            document.complain(path, f"the tag {tag} is not understood here")
            return None
