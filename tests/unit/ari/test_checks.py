"""What `ari-app check` says of an Asterisk's version."""

import pytest

from ari_app.ari.checks import Subject, transfer_progress_at


@pytest.mark.parametrize("version", ["22.10.1", "22.9.0", "20.99.0", "23.4.2", "certified-22.8", "GIT-master-1234"])
def test_the_transfer_key_is_not_taken_where_one_transfer_ends_asterisk(version: str) -> None:
    (finding,) = transfer_progress_at(version)
    assert (finding.subject, finding.name) == (Subject.SETTING, "transfer_progress")
    assert f"must be false with Asterisk {version}" in finding.advice


@pytest.mark.parametrize("version", ["22.11.0", "22.11.0-rc1", "22.12.3", "23.5.0", "24.0.0"])
def test_it_may_be_where_that_is_mended(version: str) -> None:
    assert transfer_progress_at(version) == []
