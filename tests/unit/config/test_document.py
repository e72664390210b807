"""Files that are made to break whoever reads them."""

import time
import tracemalloc

import pytest

from ari_app.config.document import MOST_LEVELS, read_document
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


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("agents: &a {}\ngroups: &a {}\n", "cc.yaml:2: not YAML: found duplicate anchor a"),
        ("agents: {}\ngroups: *nothing\n", "cc.yaml:2: not YAML: found undefined alias nothing"),
        ("agents: {}\n---\ngroups: {}\n", "cc.yaml:2: not YAML: but found another document"),
        ("agents: {}\ngroups: [\n", "cc.yaml:3: not YAML: did not find expected node content"),
        (
            "agents: {}\ngroups: !!set {a, b}\n",
            "cc.yaml:2: groups: the tag tag:yaml.org,2002:set is not understood here",
        ),
        ("agents: &a [*a]\n", "cc.yaml:1: agents.0: an alias that contains itself"),
    ],
)
def test_what_yaml_does_not_let_through_is_named_with_its_line(text: str, fault: str) -> None:
    assert fault in faults(text).splitlines()


def test_an_alias_stands_for_what_was_named() -> None:
    text = "agents: {anna: &one {groups: &g [a, 12, 012, true, ~]}, bob: *one}\nmore: *g\n"
    found = read_document(text, "cc.yaml")
    groups = ["a", 12, "012", True, None]
    assert found.value == {"agents": {"anna": {"groups": groups}, "bob": {"groups": groups}}, "more": groups}
    assert found.lines["agents", "bob", "groups", 4] == 1


def test_an_agent_takes_little_memory_while_the_file_is_read() -> None:
    """What is taken then stays with the controller: what is kept lies in the midst of it."""
    entry = '  a{n}: {{name: Agent {n}, phone: "{n}", password: a{n}-secret, groups: [one, two]}}\n'
    text = "agents:\n" + "".join(entry.format(n=n) for n in range(1000, 1500))
    tracemalloc.start()
    try:
        assert not read_document(text, "cc.yaml").errors
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / 500 < 4_000
