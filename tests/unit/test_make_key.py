"""`ari-app key`: a key that is shown once, and what goes into the file for it."""

from datetime import date

import pytest

from ari_app.__main__ import main
from ari_app.config.credentials import KEY
from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import parse
from ari_app.store.port import hash_token


def test_what_it_prints_goes_into_the_file_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "crm", "calls:read", "history:read", "calls:read"]) == 0
    printed = capsys.readouterr()
    key = printed.err.rpartition(" ")[2].strip()
    assert key.startswith(KEY)
    assert key not in printed.out
    (found,) = parse(f"{printed.out}    expires: 2027-01-31\n").api_keys.items()
    assert found[0] == hash_token(key)
    assert (found[1].id, sorted(found[1].scopes)) == ("crm", ["calls:read", "history:read"])
    assert found[1].expires == date(2027, 1, 31)


def test_an_id_that_the_file_would_not_take_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "c r m", "calls:read"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("key_hash: cck_the-key-itself, scopes: ['calls:read']", "key_hash"),
        ("key_hash: '" + "0" * 64 + "', scopes: []", "scopes"),
        ("key_hash: '" + "0" * 64 + "', scopes: ['calls:write']", "scopes"),
        ("key_hash: '" + "0" * 64 + "', scopes: ['calls:read'], expires: soon", "expires"),
    ],
)
def test_what_is_wrong_with_a_key_is_said_and_the_key_itself_is_not(entry: str, fault: str) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        parse(f"api_keys:\n  crm: {{name: CRM, {entry}}}\n")
    assert f"api_keys.crm.{fault}" in str(invalid.value)
    assert "the-key-itself" not in str(invalid.value)
