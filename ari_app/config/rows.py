"""Agents as lines of a spreadsheet (CSV), read and checked: each line an agent, each column a field of the file."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ari_app.config.errors import ConfigError
from ari_app.config.values import ID

_LISTED = re.compile(r"[\s,;|]+")
_SKILLS = re.compile(r"([A-Za-z0-9_.-]+?)[\s:=]+([0-9]{1,3})(?:[\s,;|]+|$)")
_YES, _NO = frozenset({"true", "yes", "1", "x"}), frozenset({"false", "no", "0"})
ID_COLUMN = "id"

type Value = str | int | bool | list[str] | dict[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """An agent of a line, with the fields that it gives; an empty cell gives nothing."""

    line: int
    id: str
    fields: Mapping[str, Value]


def _text(cell: str) -> Value:
    return cell


def _list(cell: str) -> Value:
    return [each for each in _LISTED.split(cell) if each]


def _levels(cell: str) -> Value:
    found = _SKILLS.findall(cell)
    if _SKILLS.sub("", cell).strip():
        raise ValueError("must be skills with their levels, such as `french 5, billing 2`")
    return {skill: int(level) for skill, level in found}


def _number(cell: str) -> Value:
    if not cell.isdecimal():
        raise ValueError("must be a whole number")
    return int(cell)


def _flag(cell: str) -> Value:
    if cell.lower() not in _YES | _NO:
        raise ValueError("must be yes or no")
    return cell.lower() in _YES


COLUMNS: Mapping[str, Callable[[str], Value]] = {
    "name": _text,
    "phone": _text,
    "secret": _text,
    "digest": _text,
    "password": _text,
    "password_hash": _text,
    "role": _text,
    "groups": _list,
    "skills": _levels,
    "max_calls": _number,
    "call_waiting": _flag,
    "class_of_service": _text,
}
_SECRET = frozenset({"secret", "digest", "password", "password_hash"})


def read_rows(text: str, file: str) -> tuple[list[Row], list[ConfigError]]:
    """The agents of a CSV file, by comma or semicolon, and all that is wrong with it, by line. Never shows a secret."""
    header, _, _ = text.partition("\n")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    faults: list[ConfigError] = []
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        faults += _columns(columns, file)
        first: dict[str, int] = {}
        while not faults or rows:
            begins = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                break
            if any(cell.strip() for cell in cells):
                row, wrong = _row(columns, cells, begins, file)
                if row.id in first:
                    wrong.append(ConfigError(file, begins, ID_COLUMN, f"{row.id} is in line {first[row.id]} already"))
                first.setdefault(row.id, begins)
                rows.append(row)
                faults += wrong
    except csv.Error as error:
        faults.append(ConfigError(file, reader.line_num, "", f"is no CSV: {error}"))
    return rows, faults


def _columns(columns: list[str], file: str) -> Iterator[ConfigError]:
    known = (ID_COLUMN, *COLUMNS)
    if ID_COLUMN not in columns:
        yield ConfigError(file, 1, "", f"the first line must name the columns; there are: {', '.join(known)}")
        return
    for name in dict.fromkeys(columns):
        if name not in known:
            yield ConfigError(file, 1, name[:64], f"is no column; there are: {', '.join(known)}")
        elif columns.count(name) > 1:
            yield ConfigError(file, 1, name, "is there twice")


def _row(columns: list[str], cells: list[str], line: int, file: str) -> tuple[Row, list[ConfigError]]:
    faults: list[ConfigError] = []
    if len(cells) > len(columns):
        faults.append(ConfigError(file, line, "", "has more cells than there are columns"))
    given = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
    agent = given.pop(ID_COLUMN, "")
    if not ID.fullmatch(agent):
        faults.append(ConfigError(file, line, ID_COLUMN, "must be 1 to 64 letters, digits, '_', '.' and '-'"))
    fields: dict[str, Value] = {}
    for name, cell in given.items():
        try:
            fields[name] = COLUMNS[name](cell)
        except ValueError as error:
            shown = "" if name in _SECRET else f"; it is {cell[:60]!r}"
            faults.append(ConfigError(file, line, name, f"{error}{shown}"))
    if ("secret" in fields or "digest" in fields) and "phone" not in fields:
        faults.append(ConfigError(file, line, "phone", "is missing: the secret is that of a phone"))
    return Row(line, agent, fields), faults
