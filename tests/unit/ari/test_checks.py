"""What `ari-app check` says of an Asterisk's version and interface."""

from typing import Any

import pytest

from ari_app.ari.checks import NEEDED_MODULES, Checks, Subject, Wanted, transfer_progress_at


@pytest.mark.parametrize("version", ["22.10.1", "22.9.0", "20.99.0", "23.4.2", "certified-22.8", "GIT-master-1234"])
def test_the_transfer_key_is_not_taken_where_one_transfer_ends_asterisk(version: str) -> None:
    (finding,) = transfer_progress_at(version)
    assert (finding.subject, finding.name) == (Subject.SETTING, "transfer_progress")
    assert f"must be false with Asterisk {version}" in finding.advice


@pytest.mark.parametrize("version", ["22.11.0", "22.11.0-rc1", "22.12.3", "23.5.0", "24.0.0"])
def test_it_may_be_where_that_is_mended(version: str) -> None:
    assert transfer_progress_at(version) == []


class Client:
    """An Asterisk that has all its modules, and these variables with every channel (ari.conf)."""

    def __init__(self, channelvars: str) -> None:
        self.channelvars = channelvars

    async def call(self, repository: str, operation: str, **arguments: Any) -> Any:
        if operation == "listModules":
            return [{"name": name, "status": "Running"} for name in NEEDED_MODULES]
        assert arguments["variable"] == "AST_CONFIG(ari.conf,general,channelvars)"
        return {"value": self.channelvars}


@pytest.mark.parametrize("channelvars", ["CALLERID(pres)", "FOO, CALLERID(pres)", "", "FOO,CALLERID(num)"])
async def test_asterisk_must_tell_what_callers_withhold(channelvars: str) -> None:
    client: Any = Client(channelvars)
    findings = await Checks(client, client, "channel", "routing-points").findings(Wanted())
    told = "CALLERID(pres)" in channelvars
    assert [(finding.subject, finding.name) for finding in findings] == ([] if told else [(Subject.ARI, "ari.conf")])
