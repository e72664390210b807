"""`ari-app doctor`: what is wrong with the call centre that runs here, and what to do about it."""

import asyncio
import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict

from pydantic import ValidationError

from ari_app.config.settings import FileSettings, ProcessSettings
from ari_app.operations.diagnosis import diagnose
from ari_app.operations.facts import Facts
from ari_app.operations.findings import Finding, Level
from ari_app.operations.gathering import gather, refused, without_settings
from ari_app.operations.text import counted, plain


def run(*, as_json: bool, columns: int) -> int:
    """Print all findings. The exit status: 1 where one is an error, 0 where none is."""
    found = diagnose(_facts())
    print(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=2) if as_json
          else "\n".join(lines(found, columns)))  # fmt: skip
    return 1 if any(finding.level is Level.ERROR for finding in found) else 0


def exposure(settings: ProcessSettings, *, as_json: bool, columns: int) -> int:
    """Print all that keeps it from standing on a network. The exit status: 1 where that is anything."""
    found = refused(settings)
    print(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=2) if as_json
          else "\n".join(lines(found, columns)))  # fmt: skip
    return 1 if found else 0


def _facts() -> Facts:
    try:
        settings = ProcessSettings()
    except ValidationError as wrong:
        faults = tuple(environment_faults(wrong))
        return without_settings(_surroundings(), faults)
    return asyncio.run(gather(settings))


def _surroundings() -> FileSettings:
    """Raises nothing: where these are wrong themselves, those that are usual are looked at."""
    try:
        return FileSettings()
    except ValidationError:
        return FileSettings.model_construct()


def environment_faults(wrong: ValidationError) -> list[str]:
    """Each variable that is missing or wrong, without its value."""
    return [
        f"ARI_APP_{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
        if problem["loc"]
        else problem["msg"].removeprefix("Value error, ")
        for problem in wrong.errors(include_input=False)
    ]


def lines(found: Sequence[Finding], columns: int) -> list[str]:
    """Each finding with what to do below it; in the end how many there are."""
    printed = []
    for finding in found:
        printed += _wrapped(f"{finding.level.value:7}  {finding.code.value}: {finding.what}", columns)
        printed += _wrapped(f"         -> {finding.do}", columns, 12)
    errors = sum(finding.level is Level.ERROR for finding in found)
    return [*printed, f"{counted(errors, 'error')}, {counted(len(found) - errors, 'warning')}"]


def _wrapped(text: str, columns: int, indent: int = 9) -> list[str]:
    return textwrap.wrap(
        plain(text), max(40, columns), subsequent_indent=" " * indent, break_on_hyphens=False, break_long_words=False
    )
