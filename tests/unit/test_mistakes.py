"""What mypy says of mistakes that are easily made: it names who forgot a verb, an effect, a kind of target.

The mistakes are made in a copy, all at once; the recipes of CONTRIBUTING.md rely on them being found.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A file, what stands there, and what somebody in a hurry makes of it.
MISTAKES: Sequence[tuple[str, str, str]] = (
    ("calls/features/initiate.py", "step.put_call(call.id, owner=", "step.put_call(call.id, onwer="),
    ("calls/verbs.py", "    MUTE =", '    RECITE = "recite", "This party is read a text"\n    MUTE ='),
    (
        "calls/commands.py",
        "type AnyOffer =",
        '@dataclass(frozen=True, slots=True, kw_only=True)\nclass ReciteParty(PartyCommand):\n    """Read it."""\n\n'
        "    action: ClassVar = PartyAction.RECITE\n\n\ntype AnyOffer =",
    ),
    ("calls/commands.py", "type AnyOnParty =", "type AnyOnParty = ReciteParty |"),
    ("calls/commands.py", "    action: ClassVar = CallAction.ALTERNATE\n", ""),
    (
        "calls/effects/legs.py",
        "type SoundEffect =",
        '@dataclass(frozen=True, slots=True)\nclass StartTone(OnSound):\n    """A tone."""\n\n\n'
        "type SoundEffect = StartTone |",
    ),
    ("routing/targets.py", '    NUMBER = "number"\n', '    NUMBER = "number"\n    SITE = "site"\n'),
)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy says of all of them."""
    copy = tmp_path_factory.mktemp("mistakes")
    shutil.copytree(ROOT / "ari_app", copy / "ari_app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name, right, wrong in MISTAKES:
        file = copy / "ari_app" / name
        text = file.read_text()
        assert right in text, f"{name} has no {right!r} any more: make the mistake elsewhere"
        file.write_text(text.replace(right, wrong, 1))
    ran = subprocess.run(  # noqa: S603 our own command
        [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={os.devnull}", "ari_app"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


def _forgot(said: str, what: str) -> set[str]:
    """The files that have a `match` which does not know it."""
    message = rf'^ari_app/(\S+):\d+: error: Argument 1 to "assert_never" has incompatible type "{what}"'
    return set(re.findall(message, said, re.MULTILINE))


def test_a_misspelt_field_of_a_write_is_named_with_what_was_meant(said: str) -> None:
    assert 'Unexpected keyword argument "onwer" for "put_call" of "Step"; did you mean "owner"?' in said


def test_whoever_forgets_a_verb_is_named(said: str) -> None:
    assert _forgot(said, r"Literal\[PartyAction\.RECITE\]") == {"api/calls_api.py"}
    assert _forgot(said, "ReciteParty") == {"calls/handlers/commands.py"}


def test_a_command_without_its_action_is_named(said: str) -> None:
    assert re.search(r'calls/handlers/commands\.py:\d+: error: Item "Alternate" .* has no attribute "action"', said)


def test_whoever_forgets_an_effect_is_named(said: str) -> None:
    assert _forgot(said, "StartTone") == {"ari/requests.py", "calls/handlers/failures.py", "testing/asterisk_model.py"}


def test_whoever_forgets_a_kind_of_target_is_named(said: str) -> None:
    assert _forgot(said, r"Literal\[TargetType\.SITE\]") == {
        "api/documents.py",
        "availability/memberships.py",
        "availability/mirror.py",
        "availability/redis.py",
        "config/references.py",
        "routing/directory.py",
        "routing/targets.py",
        "testing/availability.py",
    }
