"""Single values of the administrator's file, checked where they stand: numbers, targets, patterns, sounds.

Messages are for administrators.
"""

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from ari_app.config.credentials import is_hash
from ari_app.errors import Refused
from ari_app.routing.directory import Purpose
from ari_app.routing.patterns import PatternError, compiled
from ari_app.routing.targets import Target, parse_target

ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_EXTENSION = r"^\+?[0-9*#]{1,32}$"
_SOUND = r"^[A-Za-z0-9_./:-]{1,200}$"
_CODE = r"^[0-9*#]{1,8}$"


def _number(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # 1001 without quotes; what YAML would spoil (0…, +…) arrives as text already
    return value


def _extension(text: str) -> str:
    if not re.fullmatch(_EXTENSION, text):
        raise ValueError("must be a number to dial: digits, * and #")
    return text


def sip_user(text: str) -> str:
    """The text, if it may be a phone's. Raises: ValueError."""
    if not ID.fullmatch(text):
        raise ValueError("must be a SIP user: letters, digits, '_', '.' and '-'")
    if text.endswith("-page"):
        raise ValueError("may not end with -page: so end the accounts of phones in the page")
    return text


def target_of(value: object) -> Target:
    """Raises: ValueError."""
    if not isinstance(value, str):
        raise ValueError("must be a target such as group:support")
    try:
        return parse_target(value)
    except Refused as error:
        raise ValueError(error.detail) from None


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone such as Europe/Paris") from None
    return text


def _hash(text: str) -> str:
    if not is_hash(text):
        raise ValueError("is not an argon2 hash, or its cost is out of bounds; `ari-app hash-password` makes one")
    return text


def _pattern(text: str) -> str:
    try:
        compiled(text)
    except PatternError as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return text


def _folder(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,3}", text):
        raise ValueError("must be a folder such as calls or sales/calls: letters, digits, '_' and '-'")
    return text


def _described(**schema: object) -> WithJsonSchema:
    """What an editor knows of a value that validators of ours check (see `reference`)."""
    return WithJsonSchema({"type": ["string", "integer"], **schema})


type Name = Annotated[str, Field(min_length=1, max_length=128)]
type Number = Annotated[
    str, BeforeValidator(_number), AfterValidator(_extension), _described(pattern=_EXTENSION, title="number")
]
type Phone = Annotated[str, BeforeValidator(_number), AfterValidator(sip_user), _described(pattern=f"^{ID.pattern}$")]
type TargetText = Annotated[Target, BeforeValidator(target_of), _described(type="string", title="target")]
type Purposes = list[Annotated[Purpose, Field(strict=False)]]
type Seconds = Annotated[float, Field(ge=0, le=86_400)]
# No `type` aliases: a schema would have a definition of each, for one place.
Hash = Annotated[str, AfterValidator(_hash)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Folder = Annotated[str, AfterValidator(_folder)]
Zone = Annotated[str, AfterValidator(_zone)]
type Texts = dict[str, Annotated[str, BeforeValidator(_number), _described()]]


def _sounds(value: object) -> object:
    sounds: list[Any] = value if isinstance(value, list) else [value]
    if not sounds or not all(isinstance(s, str) and re.fullmatch(_SOUND, s) for s in sounds):
        raise ValueError("must be the name of a sound file without its ending, or a list of them")
    return ",".join(s if ":" in s else f"sound:{s}" for s in sounds)


def _code(text: str) -> str:
    if not re.fullmatch(_CODE, text):
        raise ValueError("must be 1 to 8 of the keys 0-9, * and #")
    return text


type FeatureCode = Annotated[
    str, BeforeValidator(_number), AfterValidator(_code), _described(pattern=_CODE, title="keys")
]


_SOUND_FILE = {"type": "string", "pattern": _SOUND}
type Announcement = Annotated[
    str, BeforeValidator(_sounds), WithJsonSchema({"anyOf": [_SOUND_FILE, {"type": "array", "items": _SOUND_FILE}]})
]


def _reasons(value: object) -> object:
    if isinstance(value, list) and all(isinstance(reason, str) for reason in value):
        return {reason: reason for reason in value}
    return value


type IceUrl = Annotated[
    str, Field(pattern=r"^(stun|turns?):[A-Za-z0-9.:\[\]-]+(\?transport=(udp|tcp))?$", max_length=200)
]
type ReasonId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
type Reasons = Annotated[dict[ReasonId, Name], BeforeValidator(_reasons)]
type HostName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$", max_length=200)]
type Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.\[\]:-]+$", max_length=200)]
