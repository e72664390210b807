"""`ari-app import`: agents out of a spreadsheet (CSV) into callcentre.yaml."""

import os
import sys
import tempfile
from pathlib import Path

from ari_app.config.errors import ConfigInvalid
from ari_app.config.merging import Merged, in_yaml, merged
from ari_app.config.rows import read_rows

STANDARD_INPUT = Path("-")


def run(csv_file: Path, file: Path, *, write: bool) -> int:
    """Print what would change, or with `write` change the file. The exit status: 0 also where there is nothing to do, 1
    for faults, each with its line; nothing has changed then.

    Shows of the file nothing but what the lines bring.
    """
    try:
        name = "standard input" if csv_file == STANDARD_INPUT else str(csv_file)
        raw = sys.stdin.buffer.read() if csv_file == STANDARD_INPUT else csv_file.read_bytes()
        text = file.read_bytes().decode("utf-8")
        rows, faults = read_rows(raw.decode("utf-8-sig"), name)
        if faults:
            raise ConfigInvalid(faults)
        result = merged(rows, text, name, str(file))
        if write and result.text != text:
            _replace(file, result.text)
    except ConfigInvalid as invalid:
        print(invalid, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except UnicodeDecodeError:
        print(f"{csv_file} or {file}: is not UTF-8", file=sys.stderr)
        return 1
    if not write:
        print(in_yaml(result.entries), end="")
    print(_summary(result, len(rows), file, write=write), file=sys.stderr)
    return 0


def _summary(result: Merged, rows: int, file: Path, *, write: bool) -> str:
    new, changed = len(result.new), len(result.entries) - len(result.new)
    done = f"{file}: written" if write and result.entries else f"{file}: not changed"
    return f"{new} new, {changed} changed, {rows - new - changed} as they are; {done}"


def _replace(file: Path, text: str) -> None:
    """All of it or nothing; owner and mode stay. Raises: OSError."""
    found = file.stat()
    with tempfile.NamedTemporaryFile("wb", dir=file.parent, prefix=f".{file.name}.", delete=False) as other:
        try:
            other.write(text.encode())
            other.flush()
            os.fsync(other.fileno())
            os.fchmod(other.fileno(), found.st_mode & 0o777)
            if os.geteuid() == 0:
                os.fchown(other.fileno(), found.st_uid, found.st_gid)
            os.replace(other.name, file)
        except BaseException:
            os.unlink(other.name)
            raise
