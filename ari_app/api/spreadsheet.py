"""Answers as CSV (RFC 4180), for spreadsheets: for who requests them with `Accept: text/csv`."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

CONTENT_TYPE = "text/csv"
# A spreadsheet takes these for the begin of a formula, and callers choose their own names.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+")


def wants_csv(accept: str) -> bool:
    """Whether a client would rather have CSV than JSON."""
    wanted = dict(_quality(part) for part in accept.split(","))
    return wanted.get(CONTENT_TYPE, 0.0) > wanted.get("application/json", 0.0)


def _quality(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    given = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
    return kind, float(given) if re.fullmatch(r"\d(\.\d{0,3})?", given) else 0.0


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    """The rows below their columns' names; null is an empty cell. What would be run as a formula is made a text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(text or "") for text in row] for row in rows)
    return out.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and _NUMBER.fullmatch(text) is None else text
