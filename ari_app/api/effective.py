"""The configuration that runs, as an administrator may read it in a page: all of it but secrets.

What is never printed of a value (`repr=False`) is not shown either, and who may log in how is not part of it.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target


def effective(directory: Directory) -> dict[str, object]:
    """By section, as in the file; every setting, also those that the file leaves as they are."""
    return {field.name: plain(getattr(directory, field.name)) for field in fields(directory) if field.repr}


def plain(value: object) -> object:
    """A value of the directory as JSON has it."""
    if isinstance(value, Target):
        return str(value)
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value) if field.repr}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(str(item) for item in value)
    return value
