"""Files that are made to break whoever reads them."""

import time

import pytest

from ari_app.config.document import MOST_LEVELS
from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import parse

BOMB = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))


def faults(text: str) -> str:
    with pytest.raises(ConfigInvalid) as invalid:
        parse(text, "cc.yaml")
    return str(invalid.value)


def test_aliases_of_aliases_of_aliases_are_refused_before_they_fill_the_memory() -> None:
    began = time.process_time()
    assert "has more than 500000 values" in faults(BOMB)
    assert time.process_time() - began < 20


@pytest.mark.parametrize("opening", ["[", "- ", "{a: "])
def test_levels_without_end_are_refused_at_their_line(opening: str) -> None:
    text = "agents: {}\ngroups:\n  " + opening * 100_000
    assert faults(text) == f"cc.yaml:3: has more than {MOST_LEVELS} levels"


@pytest.mark.parametrize("value", ["!!int many", "!!float 1.2.3", "!!bool perhaps", "!!null something"])
def test_a_tag_that_its_value_does_not_keep_to_is_named(value: str) -> None:
    kind = value[2:].split(maxsplit=1)[0]
    fault = f"cc.yaml:2: settings.offer_timeout: is no {kind}, as its tag says"
    assert fault in faults(f"settings:\n  offer_timeout: {value}\n").splitlines()


def test_what_is_wrong_is_written_without_what_terminals_obey() -> None:
    found = faults('agents: {"\\e[2J\\x07": {}}\n')
    assert "agents.\\x1b[2J\\x07: has a control character in it" in found
    assert "\x1b" not in found
