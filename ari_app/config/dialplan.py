"""What `extensions.conf` hands over to the controller, and what of it the call centre does not have.

Only what stands there in so many words: an argument with a variable in it is known when somebody calls, and then to the
log (`arrival_refused`). Dialplan in AEL or Lua is not read.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ari_app.config.errors import ConfigError
from ari_app.routing.directory import Directory
from ari_app.routing.entries import DELIVERIES, FEATURE, FEATURES, OPENING, Fault, fault_of, opened_by
from ari_app.routing.targets import Target, TargetType

FILE = "extensions.conf"
_SUBROUTINES = "call-control"
_APPLICATION = "${CALL_CONTROL}"

_EMERGENCY = re.compile(r"\bGoto\(emergency,")

_SECTION = re.compile(r"\s*\[([^\]]+)\]")
_INCLUDE = re.compile(r"\s*#(?:try)?include\s+[\"<]?([^\">]+)[\">]?\s*$")
_LINE = re.compile(r"\s*(?:exten\s*=>?\s*([^,]+),|same\s*=>?\s*)")
_HINT = re.compile(r"\s*exten\s*=>?\s*[^,]+,\s*hint\s*,\s*Stasis:([^&,\s]+)")
_HANDS_OVER = re.compile(r"(?:(?P<context>[\w-]+),)?\b(?P<subroutine>deliver|feature),1\(|\bStasis\(")
_LANGUAGE = re.compile(r"(?:^\s*(?:default)?language\s*=>?\s*|CHANNEL\(language\)=)([A-Za-z_]+)")
_PLAYS = re.compile(r"\b(?:Playback|Background|ControlPlayback|(?P<read>Read))\(", re.IGNORECASE)
_OPEN, _CLOSED = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its comment; `entry` is its context and extension."""

    file: Path
    number: int
    entry: str
    text: str

    def fault(self, message: str) -> ConfigError:
        return ConfigError(str(self.file), self.number, self.entry, message)


def faults(directory: Directory, folder: Path, application: str) -> list[ConfigError] | None:
    """All that the dialplan in this folder hands over and nobody would serve; None: there is no such file to read."""
    if not (folder / FILE).is_file():
        return None
    found: list[ConfigError] = []
    for line in _lines(folder / FILE, folder, ()):
        hint = _HINT.match(line.text)
        if hint is not None and "$" not in hint[1] and not _has_lamp(directory, hint[1]):
            found.append(line.fault(f"the lamp Stasis:{hint[1]} is no agent's"))
        for verb, argument, what in _handed_over(line, application):
            fault = fault_of(directory, verb, argument)
            if fault is not None:
                found.append(line.fault(_message(fault, verb, argument)))
            elif argument == OPENING and what is not None and opened_by(directory, what) is None:
                found.append(line.fault(f"callcentre.yaml has no {what!r} that could be opened and closed"))
    return found + _emergencies(directory.settings.emergency.numbers, folder)


def _has_lamp(directory: Directory, name: str) -> bool:
    """That of an agent by their id, of what may be closed as `queue:sales`, of a box as `voicemail:support`."""
    if name.startswith(f"{TargetType.VOICEMAIL}:"):
        return name.partition(":")[2] in directory.voicemail
    if ":" in name:
        return opened_by(directory, name) is not None
    return directory.exists(Target(TargetType.AGENT, name))


def _emergencies(numbers: Collection[str], folder: Path) -> list[ConfigError]:
    """Where the numbers for emergencies are others for phones than for desktops."""
    lines = (line for line in _lines(folder / FILE, folder, ()) if _EMERGENCY.search(line.text))
    dialled = {line.entry.partition(" ")[2]: line for line in lines}
    found = [
        line.fault(f"callcentre.yaml has no {number} in settings.emergency")
        for number, line in dialled.items()
        if number not in numbers
    ]
    missing = sorted(set(numbers) - set(dialled))
    message = "callcentre.yaml has {0} in settings.emergency: phones need `exten => {0},1,Goto(emergency,{0},1)`"
    return found + [ConfigError(str(folder / FILE), 0, "from-phones", message.format(number)) for number in missing]


def prompts(folder: Path) -> dict[str, str]:
    """The sound files that the dialplan in this folder plays by name, each with the first place where it does."""
    found: dict[str, str] = {}
    if (folder / FILE).is_file():
        for line in _lines(folder / FILE, folder, ()):
            for played in _PLAYS.finditer(line.text):
                arguments = [*_arguments(line.text[played.end() :]), ""]
                for name in arguments[1 if played["read"] else 0].split("&"):
                    if name.strip() and "$" not in name and ":" not in name:
                        found.setdefault(name.strip(), f"{line.file}:{line.number}: {line.entry}")
    return found


def files(folder: Path, name: str) -> list[Path]:
    """A file of Asterisk's in this folder and all that it includes, as far as they can be read from here."""
    found: list[Path] = []
    waiting = [folder / name]
    while waiting:
        file = waiting.pop()
        if file not in found and file.is_file():
            found.append(file)
            for line in _without_blocks(file.read_text("utf-8", "replace")).split("\n"):
                waiting += _included(_without_comment(line), folder)
    return found


def languages(folder: Path) -> tuple[str, ...]:
    """The languages that phones, trunks and the dialplan in this folder choose; none where there are no such files."""
    found: set[str] = set()
    for name in ("asterisk.conf", "pjsip.conf", FILE):
        if (folder / name).is_file():
            for line in (folder / name).read_text("utf-8", "replace").split("\n"):
                found.update(_LANGUAGE.findall(_without_comment(line)))
    return tuple(sorted(found))


def _message(fault: Fault, verb: str, argument: str | None) -> str:
    match fault:
        case Fault.UNKNOWN_VERB:
            return f"{verb!r} is nothing that can be requested; there are: {', '.join(sorted(DELIVERIES))}"
        case Fault.UNKNOWN_FEATURE:
            return f"{argument!r} is no feature; there are: {', '.join(sorted(FEATURES))}"
        case _:
            return f"callcentre.yaml has no {verb.replace('_', ' ')} {argument!r}"


def _lines(file: Path, folder: Path, above: Sequence[Path]) -> Iterator[_Line]:
    """The lines of a file and of those that it includes, where they can be read from here."""
    if file in above or not file.is_file():
        return
    context = extension = ""
    for number, raw in enumerate(_without_blocks(file.read_text("utf-8", "replace")).split("\n"), 1):
        text = _without_comment(raw)
        for each in _included(text, folder):
            yield from _lines(each, folder, (*above, file))
        if (section := _SECTION.match(text)) is not None:
            context, extension = section[1], ""
        elif (line := _LINE.match(text)) is not None:
            extension = line[1] or extension
            yield _Line(file, number, f"{context} {extension}", text)


def _included(text: str, folder: Path) -> list[Path]:
    """The files that this line includes."""
    match = _INCLUDE.match(text)
    if match is None:
        return []
    name = match[1].strip()
    return [Path(name)] if name.startswith("/") else sorted(folder.glob(name))


def _without_blocks(text: str) -> str:
    """Comments over several lines become empty ones, so that what follows keeps its number."""
    return re.sub(r";--(?!-).*?--;", lambda block: "\n" * block[0].count("\n"), text, flags=re.DOTALL)


def _without_comment(text: str) -> str:
    return re.split(r"(?<!\\);", text, maxsplit=1)[0]


def _handed_over(line: _Line, application: str) -> Iterator[tuple[str, str | None, str | None]]:
    """(verb, argument, what comes after it) of each hand-over of a line whose verb stands there."""
    for match in _HANDS_OVER.finditer(line.text):
        arguments = _arguments(line.text[match.end() :])
        if match["subroutine"] is None:
            if arguments[0] not in (_APPLICATION, application):
                continue
            arguments = arguments[1:]
        elif (match["context"] or line.entry.split(" ")[0]) != _SUBROUTINES:
            continue
        elif match["subroutine"] == FEATURE:
            arguments = [FEATURE, *arguments]
        verb, argument, what = [*arguments, "", "", ""][:3]
        if "$" not in verb:
            yield verb, None if "$" in argument else argument, None if "$" in what else what


def _arguments(text: str) -> list[str]:
    """The arguments up to the bracket that closes them; commas within brackets do not part them."""
    depth, arguments = 0, [""]
    for character in text:
        if character in _CLOSED and depth == 0:
            break
        depth += (character in _OPEN) - (character in _CLOSED)
        if character == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += character
    return [argument.strip() for argument in arguments]
