"""What is wrong with a configuration: always file, line and field, and all of it at once."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One fault. `line` counts from 1 (0: the file as a whole); `field` is a dotted path, empty for the whole file."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        said = f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"
        # Read at terminals, which obey some of what a file may have in it.
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in said)


class ConfigInvalid(Exception):
    """The configuration cannot be used; `errors` has every fault, in the order of the file."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = tuple(errors)
