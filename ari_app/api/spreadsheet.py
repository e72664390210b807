"""Answers as CSV (RFC 4180), for spreadsheets: for who requests them with `Accept: text/csv`."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

CONTENT_TYPE = "text/csv"
# A spreadsheet takes these for the begin of a formula, and callers choose their own names. In half of Europe it parts
# cells at a semicolon as well, whatever stands in quotes; in Japan wide characters mean the same.
_FORMULA = re.compile(r"""(?:^|(?<=[;\t\r\n]))(?=[\s"']*[=+\-@\t\r＝＋－＠])""")
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
    return "".join(csv_lines(columns, rows))


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Iterator[str]:
    """The same, line by line."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        yield _taken(out)
        writer.writerow([_cell(text or "") for text in row])
    yield _taken(out)


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text


def _cell(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub("'", text)
