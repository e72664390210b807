"""What supervisors gave agents, as it is kept and as it becomes part of what runs."""

from dataclasses import replace

from ari_app.config.file import parse
from ari_app.configured import Configured
from ari_app.given import forget_others, read, taken_in, written
from ari_app.routing.given import Given
from ari_app.testing.store import MemoryStore

TEXT = """\
agents:
  alice: {name: Alice, phone: "1001", password: secret, groups: [front], skills: {french: 2}}
  bob: {name: Bob, phone: "1002", password: secret, groups: [front]}
groups:
  front: {name: Front}
  back: {name: Back}
skills:
  french: {name: French}
"""
RUNS = Configured(parse(TEXT), 0.0)
BOB = Given(groups=("back",), over_groups=("front",), by="erin", at=1.5)
ALICE = Given(skills={"french": 9}, over_skills={"french": 2}, by="erin", at=2.5)


def test_what_is_kept_is_read_as_it_was() -> None:
    for gift in (BOB, ALICE, Given()):
        assert read({"x": written(gift)}) == {"x": gift}


def test_what_is_given_runs_and_the_file_stays_as_it_is() -> None:
    now = taken_in(RUNS, {"bob": BOB, "alice": ALICE})
    assert now.configuration.directory.agents["bob"].groups == ("back",)
    assert now.configuration.listed == RUNS.configuration.directory
    again = taken_in(now, {})
    assert again.configuration.directory == RUNS.configuration.directory
    assert again.given == {}


async def test_what_the_file_says_otherwise_since_does_not_come_back_with_an_older_file() -> None:
    store = MemoryStore()
    both = replace(BOB, skills={"french": 1}, over_skills={})
    given = {"bob": both, "alice": ALICE, "gone": BOB}
    for agent, gift in given.items():
        await store.set_given(agent, written(gift))
    changed = replace(
        RUNS, configuration=parse(TEXT.replace("password: secret, groups: [front]}", "password: secret}"))
    )
    now = taken_in(changed, given)
    await forget_others(store, given, now.given)
    kept = read(await store.given())
    assert kept == now.given == {"bob": replace(both, groups=None), "alice": ALICE}
