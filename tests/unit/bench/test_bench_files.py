"""What Asterisk and the call centre are given while a bench needs it."""

from __future__ import annotations

from pathlib import Path

import yaml

from ari_app.config.file import load
from tests.bench.baselines import queues
from tests.bench.many import agent_names, files, phone_of
from tests.bench.ownfiles import CENTRE
from tests.e2e import crowd
from tests.runner.steps import ROOT


def test_many_agents_are_added_to_the_call_centre_twenty_of_them_in_a_group_of_their_own(tmp_path: Path) -> None:
    crowd.gather(tmp_path / "asterisk")
    made = files((tmp_path / "asterisk" / CENTRE).read_text(), "127.0.64.3", 30)
    (tmp_path / CENTRE).write_text(made[CENTRE])
    directory = load(tmp_path / CENTRE).directory
    agents = [directory.agents[name] for name in agent_names(30)]
    assert [agent.phone for agent in agents] == [phone_of(number) for number in range(30)]
    assert sum("bench20" in agent.groups for agent in agents) == 20
    assert all("bench" in agent.groups for agent in agents)
    assert made["pjsip.conf"].count("contact = sip:30") == 30


def test_an_app_queue_has_the_phones_that_it_is_given_and_is_called_by_the_first() -> None:
    text = queues([["3001", "3002"], ["1004"]])
    assert "[bench-3001](bench)\nmember => PJSIP/3001\nmember => PJSIP/3002\n" in text
    assert "[bench-1004](bench)\nmember => PJSIP/1004\n" in text


def test_the_products_asterisk_has_none_of_the_baselines() -> None:
    loaded = (ROOT / "asterisk" / "modules.conf").read_text()
    assert not [
        name for name in ("app_queue", "app_confbridge", "bridge_builtin_features") if f"load = {name}" in loaded
    ]
    assert yaml.safe_load((ROOT / "asterisk" / CENTRE).read_text())["groups"].keys() >= {"support"}
