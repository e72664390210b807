"""Whatever the administrator's file is: it is read, or each of its faults is named with file and place, and that soon.

`CC_EXAMPLES` files of each sort: the demo's, to whose values or text something was done, and pieces of YAML.
"""

import json
import os
from pathlib import Path

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import decode
from tests.support.rubbish import STRANGE, anything, spoilt, texts

EXAMPLES = int(os.environ.get("CC_EXAMPLES", "100"))
DEMO = (Path(__file__).parents[2] / "asterisk" / "callcentre.yaml").read_text()
MORE = f"""
classes_of_service: {{all: {{name: All}}}}
api_keys: {{crm: {{name: CRM, key_hash: '{"0" * 64}', scopes: ['calls:read']}}}}
"""
BOMB = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
PIECES = (
    *("&a ", "*a", "!!int ", "!!float ", "!!bool ", "!!binary ", "!!python/object/apply:os.system ", "!x ", "<<: *a"),
    *(
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "? ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "---",
        "...",
        "%YAML 1.1\n",
        "# ",
        "|",
        ">-\n",
    ),
    *('"', "'", "\\", '"\\ud800"', '"\\x00"', "0x1f", "1e400", "9" * 400, "-", ".inf", "~", "2026-11-29", "12:30:00"),
    *(
        "agents",
        "groups",
        "settings",
        "outside",
        "alice",
        "name",
        "phone",
        "password",
        "pattern",
        "(a+)+",
        "deny: true",
    ),
)


def is_read_or_named(raw: bytes) -> None:
    """Raises AssertionError where a fault has no file or no words, or more than one line."""
    try:
        decode(raw, "cc.yaml")
    except ConfigInvalid as invalid:
        faults = invalid.errors
    else:
        return
    assert faults
    for fault in faults:
        assert fault.file == "cc.yaml"
        assert fault.message
        assert fault.line >= 0
        assert str(fault).isprintable(), repr(str(fault))


def demo() -> object:
    return yaml.safe_load(DEMO + MORE)


@settings(max_examples=EXAMPLES)
@given(spoilt(st.builds(demo), most=6))
def test_a_file_with_wrong_values_is_read_or_its_faults_are_named(value: object) -> None:
    is_read_or_named(json.dumps(value).encode())
    is_read_or_named(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


@settings(max_examples=EXAMPLES)
@given(st.lists(st.tuples(st.integers(0, len(DEMO)), st.integers(0, 40), st.one_of(texts, st.sampled_from(PIECES)))))
def test_a_file_that_was_damaged_is_read_or_its_faults_are_named(edits: list[tuple[int, int, str]]) -> None:
    text = DEMO
    for at, length, by in edits:
        text = text[:at] + by + text[at + length :]
    is_read_or_named(text.encode(errors="replace"))


@settings(max_examples=EXAMPLES)
@given(st.one_of(st.lists(st.sampled_from((*PIECES, *STRANGE))).map("".join), texts, anything.map(json.dumps)))
@example("a: !!int b")
@example("a: !!float b")
@example("settings: {offer_timeout: !!bool b}")
@example("[" * 100_000)
@example("- " * 100_000)
@example(BOMB)
def test_whatever_a_file_is_it_is_read_or_its_faults_are_named(text: str) -> None:
    is_read_or_named(text.encode(errors="replace"))


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_named(raw: bytes) -> None:
    is_read_or_named(raw)
