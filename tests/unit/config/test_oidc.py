"""An issuer in the administrator's file: what stands there, and what is named as a fault before anybody logs in."""

from pathlib import Path

import pytest

from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import parse
from ari_app.config.settings import ProcessSettings
from ari_app.routing.login import Oidc

AGENT = 'agents:\n  alice: {name: Alice, phone: "1001"}\n'
ISSUER = "https://id.example.org/realms/cc"


def text(**changed: str) -> str:
    """A file with an issuer."""
    given = {"issuer": ISSUER, "client_id": "callcontrol", "address": "https://192.0.2.1", **changed}
    return AGENT + "settings:\n  oidc:\n" + "".join(f"    {name}: {value}\n" for name, value in given.items())


def faults(written: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as invalid:
        parse(written)
    return [f"{e.field} {e.message}" for e in invalid.value.errors]


def test_an_issuer_is_off_unless_it_is_there() -> None:
    written = AGENT.replace("}", ", password: secret}")
    assert parse(written).directory.settings.oidc is None


def test_with_an_issuer_agents_need_no_password() -> None:
    read = parse(text())
    assert read.directory.settings.oidc == Oidc(ISSUER, "callcontrol", "https://192.0.2.1")
    assert read.credentials == {}
    (fault,) = faults(AGENT)
    assert fault.startswith("agents.alice give either password_hash")


def test_all_that_may_be_said_of_it() -> None:
    more = {
        "name": "Acme",
        "scopes": "[openid, email]",
        "claim": "email",
        "agents": "{a@example.org: alice}",
        "algorithms": "[ES256]",
        "passwords": "false",
    }
    oidc = parse(text(**more)).directory.settings.oidc
    assert oidc is not None
    assert (oidc.name, oidc.scopes, oidc.claim, oidc.algorithms) == ("Acme", ("openid", "email"), "email", ("ES256",))
    assert (oidc.agent_of("a@example.org"), oidc.agent_of("alice"), oidc.passwords) == ("alice", None, False)
    assert not parse(text(**more)).directory.settings.passwords


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"issuer": "http://id.example.org"}, "settings.oidc.issuer must begin with https://"),
        ({"issuer": "http://127.0.0.1.example.org"}, "settings.oidc.issuer must begin with https://"),
        ({"issuer": "https://id.example.org/?tenant=1"}, "settings.oidc.issuer must match pattern"),
        ({"issuer": "https://user@id.example.org"}, "settings.oidc.issuer must match pattern"),
        ({"issuer": "id.example.org"}, "settings.oidc.issuer must match pattern"),
        ({"client_id": '""'}, "settings.oidc.client_id must have at least 1 character"),
        ({"address": "http://192.0.2.1"}, "settings.oidc.address must begin with https://"),
        ({"address": "https://192.0.2.1/desk"}, "settings.oidc.address must match pattern"),
        ({"address": "https://desk.example.org"}, "settings.oidc.address desk.example.org is not among settings.desk"),
        ({"scopes": "[profile]"}, "settings.oidc.scopes must have openid"),
        ({"scopes": '["openid profile"]'}, "settings.oidc.scopes.0 must match pattern"),
        ({"algorithms": "[none]"}, "settings.oidc.algorithms.0 must be 'RS256'"),
        ({"algorithms": "[HS256]"}, "settings.oidc.algorithms.0 must be 'RS256'"),
        ({"algorithms": "[]"}, "settings.oidc.algorithms must have at least 1 item"),
        ({"agents": "{a@example.org: bob}"}, "settings.oidc.agents.a@example.org 'bob' is not one of the agents"),
        ({"client_secret": "s3cret"}, "settings.oidc.client_secret is not known here"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(changed: dict[str, str], fault: str) -> None:
    (found,) = faults(text(**changed))
    assert found.startswith(fault)
    assert "s3cret" not in found


@pytest.mark.parametrize("address", ["http://127.0.0.9:8080", "http://localhost:8080", "http://[::1]:8080"])
def test_on_this_machine_it_needs_no_tls(address: str) -> None:
    oidc = parse(text(address=address, issuer=f'"{address}"')).directory.settings.oidc
    assert oidc is not None
    assert (oidc.callback, oidc.encrypted) == (f"{address}/v1/login/oidc/callback", False)


def test_a_name_under_which_browsers_come_back_is_one_that_they_may_use() -> None:
    listed = "  desk: {origins: [https://desk.example.org]}\n"
    assert parse(text(address="https://desk.example.org") + listed).directory.settings.oidc is not None


def test_the_clients_secret_comes_out_of_a_file_and_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "p")
    monkeypatch.setenv("ARI_APP_OIDC_CLIENT_SECRET_FILE", "")
    assert ProcessSettings().oidc_client_secret.get_secret_value() == ""  # a public client
    (tmp_path / "secret").write_text("s3cret\n")
    monkeypatch.setenv("ARI_APP_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    assert ProcessSettings().oidc_client_secret.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(ProcessSettings())
