"""What the proxy of a cluster is started with: TLS where there is a certificate."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.runner import compose

ROOT = Path(__file__).parents[3]
API = ROOT / "docker" / "cluster" / "api"


def started(place: Path, **surroundings: str) -> str:
    """The configuration that HAProxy gets; `place` stands for the root of its container."""
    script = (API / "api").read_text().replace("/etc/haproxy", str(API)).replace("/run/haproxy", str(place))
    script = script.replace("exec haproxy", "exec true")
    given = {"API_ADDRESS": "127.0.2.1", "API_PORT": "8080", "API_CONTROLLERS": "one=127.0.2.11:8080", **surroundings}
    subprocess.run(["/bin/bash", "-c", script], env=os.environ | given, check=True, capture_output=True)  # noqa: S603
    return (place / "haproxy.cfg").read_text()


def bound(configuration: str) -> str:
    (line,) = (line for line in configuration.splitlines() if line.startswith('    bind "'))
    return line


def test_without_a_certificate_it_speaks_http(tmp_path: Path) -> None:
    assert bound(started(tmp_path)) == '    bind "${API_ADDRESS}:${API_PORT}"'
    assert not (tmp_path / "certificate.pem").exists()


@pytest.mark.parametrize("apart", [True, False])
def test_with_one_it_speaks_tls_and_nobody_else_reads_the_key(tmp_path: Path, apart: bool) -> None:
    certificate, key = tmp_path / "tls.pem", tmp_path / "tls.key"
    certificate.write_text("certificate\n" if apart else "certificate\nkey\n")
    key.write_text("key\n")
    files = {"API_CERTIFICATE": str(certificate), "API_KEY": str(key) if apart else str(certificate)}
    made = tmp_path / "certificate.pem"
    line = bound(started(tmp_path, **files))
    assert f"ssl crt {made} ssl-min-ver TLSv1.2" in line
    assert made.read_text() == "certificate\nkey\n"
    assert made.stat().st_mode & 0o777 == 0o600


def test_every_controller_is_reached_looked_at_and_cut_off(tmp_path: Path) -> None:
    made = started(tmp_path, API_CONTROLLERS="one=127.0.2.11:8080 two=host-2.example:81")
    assert not re.findall("NAME|PLACE", made)
    for name, place in (("one", "127.0.2.11:8080"), ("two", "host-2.example:81")):
        through = f"unix@/run/haproxy/{name}"
        assert re.findall(rf"^(?:    server|listen) .*\b{name}\b.*$|^    bind unix.*/{name}$", made, re.MULTILINE) == [
            f"    server {name} {place} check weight 256 on-marked-down shutdown-sessions",
            f"    server {name}-waits {place} track there/{name} weight 1 on-marked-down shutdown-sessions",
            f"    server {name} {through} track once/{name} weight 256",
            f"    server {name}-waits {through} track there/{name} weight 1",
            f"    server {name} {place} check",
            f"listen through-{name}",
            f"    bind {through}",
            f"    server {name} {place} track there/{name} on-marked-down shutdown-sessions",
        ]


def test_secrets_come_as_files_to_the_parts_that_need_them() -> None:
    text = compose.CLUSTER.read_text()
    settings = {
        "COMPOSE_PROJECT_NAME": "c", "SECRETS_DIR": "/s", "ASTERISK_CONFIG": "/a", "CLUSTER_NETWORK": "127.0.2",
        "OIDC_SECRET_INSIDE": "/run/secrets/oidc_client_secret", "CERTIFICATE_INSIDE": "/run/secrets/tls_certificate",
    }  # fmt: skip
    controller, api = (compose.service(name, settings, text) for name in ("controller-1", "api"))
    assert "/s/oidc_client_secret:/run/secrets/oidc_client_secret:ro" in controller["volumes"]
    assert controller["environment"]["ARI_APP_OIDC_CLIENT_SECRET_FILE"] == "/run/secrets/oidc_client_secret"
    assert {volume.split(":")[0] for volume in api["volumes"]} == {"/s/tls_certificate", "/s/tls_key"}
    assert api["environment"]["API_CERTIFICATE"] == "/run/secrets/tls_certificate"
    assert "oidc" not in str(api)
