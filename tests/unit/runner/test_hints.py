"""What `docker/up` says works as it stands, in any shell, and is loud where it must be."""

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.support.documents import ROOT


async def lib(script: str, **settings: str) -> tuple[str, str]:
    """What a line prints that is run with what the scripts share, and what it complains of."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euc", f". docker/lib.sh; {script}"),
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **settings},
        stdout=PIPE,
        stderr=PIPE,
    )
    out, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return out.decode(), complaint.decode()


@pytest.mark.parametrize(
    ("project", "typed"),
    [("callcontrol", f"{ROOT}/docker/down"), ("second", f"COMPOSE_PROJECT_NAME=second {ROOT}/docker/down")],
)
async def test_the_command_that_stops_it_names_the_call_centre_and_needs_no_directory(project: str, typed: str) -> None:
    assert await lib("down_command", COMPOSE_PROJECT_NAME=project) == (typed, "")


async def test_who_has_just_started_the_demonstration_reads_as_whom_to_log_in(tmp_path: Path) -> None:
    demo = str(ROOT / "asterisk")
    assert await lib("login_hint", ASTERISK_CONFIG=demo) == ("; log in as alice with alice-demo", "")
    assert "/docker/demo-calls (rings alice" in (await lib("visitors_hint", ASTERISK_CONFIG=demo))[0]
    assert await lib("visitors_hint", ASTERISK_CONFIG=demo, NETWORK_ADDRESS="192.0.2.1") == ("", "")
    (tmp_path / "callcentre.yaml").write_text("agents: {}\n")
    assert await lib("login_hint", ASTERISK_CONFIG=str(tmp_path)) == ("", "")
    assert await lib("login_hint", ASTERISK_CONFIG=demo, NETWORK_ADDRESS="192.0.2.1") == ("", "")


@pytest.mark.parametrize(
    ("given", "health"),
    [
        ({}, "127.0.0.1:8080"),
        ({"TLS_CERTIFICATE": "/a.pem"}, "127.0.0.1:9464"),
        ({"TLS_CERTIFICATE": "/a.pem", "API_ADDRESS": "127.0.0.3"}, "127.0.0.3:9464"),
        ({"TLS_CERTIFICATE": "/a.pem", "API_ADDRESS": "192.0.2.10"}, "127.0.0.1:9464"),
        ({"TLS_CERTIFICATE": "/a.pem", "METRICS_ADDRESS": "127.0.0.1:9999"}, "127.0.0.1:9999"),
    ],
)
async def test_health_is_answered_in_clear_also_where_the_api_speaks_tls(given: dict[str, str], health: str) -> None:
    answer = await lib('LOCAL_ENV=/nowhere; load_settings; health_at; printf %s "$HEALTH"', **given)
    assert answer == (health, "")


ROUTES = """Main:
  +-- 0.0.0.0/0 3 0 5
     +-- 192.0.2.0/24 2 0 2
        |-- 192.0.2.0
           /24 link UNICAST
           |-- 192.0.2.10
              /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
"""


@pytest.mark.parametrize(
    ("address", "ours"), [("192.0.2.10", True), ("192.0.2.1", False), ("192.0.2.255", False), ("192.0.2.100", False)]
)
async def test_an_address_is_the_machines_own_where_the_kernel_has_it(tmp_path: Path, address: str, ours: bool) -> None:
    routes = tmp_path / "fib_trie"
    routes.write_text(ROUTES)
    inquiry = f"ROUTES={routes}; own_address {address} && echo ours || echo not"
    assert await lib(inquiry) == ("ours\n" if ours else "not\n", "")
    assert await lib(f"ROUTES=/nowhere; own_address {address} && echo ours") == ("ours\n", ""), "nobody can say"


OPEN = """
compose() { printf '%s\\n' "$SAID" && [[ -z $SAID ]]; }
NETWORK_ADDRESS=192.0.2.10 SECRETS_DIR=$KEPT TLS_CERTIFICATE=/nowhere.pem TLS_KEY=/nowhere.key
need_certificate
printf '%s|' "$CONTENT_TLS_CERTIFICATE" "$CONTENT_TLS_KEY"
(refuse_what_is_open) || echo refused
"""


@pytest.mark.parametrize("said", ["", "error demo_passwords"])
async def test_a_certificate_that_cannot_be_read_is_one_reason_of_all_and_what_runs_keeps_its_own(
    tmp_path: Path, said: str
) -> None:
    (tmp_path / "tls_certificate").write_text("of before")
    out, complaint = await lib(OPEN, SAID=said, KEPT=str(tmp_path))
    assert out == "of before||refused\n"
    for reason in ("TLS_CERTIFICATE is /nowhere.pem", "TLS_KEY is /nowhere.key", said, "nothing was started"):
        assert reason in complaint


@pytest.mark.parametrize(
    ("where", "ours"), [("$HERE", True), ("", True), ("/gone/docker", True), ("/usr", False)], ids=str
)
async def test_the_call_centre_of_another_working_copy_that_is_still_there_is_left_alone(
    where: str, ours: bool
) -> None:
    ask = (
        f'docker() {{ printf "%s" "{where}"; }}; COMPOSE_PROJECT_NAME=callcontrol; (only_ours) && echo ours || echo not'
    )
    answer, complaint = await lib(ask)
    assert answer == ("ours\n" if ours else "not\n")
    assert ("/usr/down" in complaint) is not ours


@pytest.mark.parametrize(
    ("runs", "hint"), [("1a2b", f"· a cluster is still running: {ROOT}/docker/down --cluster stops it\n"), ("", "")]
)
async def test_who_has_stopped_the_call_centre_reads_that_a_cluster_is_still_running(runs: str, hint: str) -> None:
    stopped = f"docker() {{ printf '%s' '{runs}'; }}; COMPOSE_PROJECT_NAME=callcontrol; name_a_cluster"
    assert await lib(stopped) == (hint, "")


# A cluster of three Asterisks, each led by a controller but for those that are left out.
OF_THREE = """
. docker/cluster/lib.sh
CERTIFICATE_INSIDE= CONFIGURED=
in_part() {
    case $1 in
        edge) printf '%s\\n' asterisk-a asterisk-b asterisk-c ;;
        api) for n in 1 2 3 4; do printf 'controller-%s=127.0.9.1%s:8080 ' $n $n; done ;;
    esac
}
http_get() { printf 'callcontrol_leader %s\\n' "${LEADS[${1##*.}]}"; }
http_status() { printf 200; }
declare -A LEADS
"""


@pytest.mark.parametrize(
    ("leads", "there"),
    [
        ("[11]=1 [12]=1 [13]=0 [14]=1", True),
        ("[11]=1 [12]=2 [13]=0 [14]=0", True),
        ("[11]=1 [12]=1 [13]=0 [14]=0", False),
    ],
)
async def test_a_cluster_is_ready_when_each_asterisk_that_its_edge_has_is_led(leads: str, there: bool) -> None:
    out, _ = await lib(f"{OF_THREE} LEADS=({leads}); controllers_are_there && echo ready || echo not")
    assert out == ("ready\n" if there else "not\n")


WITH_A_THIRD = """
. docker/cluster/lib.sh
compose() {
    case $* in
        'config --services') printf '%s\\n' edge bots asterisk-c controller-1 ;;
        config) cat <<'YAML' ;;
services:
  asterisk-c:
    environment:
      AST_ADDRESS: 127.0.9.23
      AST_ARI_ADDRESS: 127.0.9.24
  bots: {}
  controller-1:
    environment:
      ARI_APP_ADVERTISE: http://127.0.9.11:8080
      ARI_APP_API_HOST: "127.0.9.11"
  edge:
    environment:
      EDGE_ADDRESS: 127.0.9.1
volumes:
  edge: {}
YAML
    esac
}
read_parts
for part in "${PARTS[@]}"; do printf '%s %s\\n' "$part" "$(address "$part")"; done
"""


async def test_a_part_that_was_added_to_a_cluster_is_looked_at_where_it_stands() -> None:
    out, _ = await lib(WITH_A_THIRD)
    assert out == "asterisk-c 127.0.9.23\ncontroller-1 127.0.9.11\nedge 127.0.9.1\n"


FOLLOWS = """
. docker/cluster/lib.sh
in_part() { printf 'role:%s\\r\\nmaster_link_status:%s\\r\\n' $SAYS; }
replicated redis-2 && echo whole || echo not
"""


@pytest.mark.parametrize(("says", "whole"), [("master none", True), ("slave up", True), ("slave down", False)])
async def test_a_redis_that_has_come_back_is_waited_for_until_it_follows(says: str, whole: bool) -> None:
    out, _ = await lib(FOLLOWS, SAYS=says)
    assert out == ("whole\n" if whole else "not\n")


FAULTY = """
http_get() { printf '%s' '{"ready":true,"configuration":"'$SAYS'","configured_at":"2026-11-28T18:00:00.000Z"}'; }
docker() { printf '%s\\n' "$*" 'callcentre.yaml:3: agents.alice.phone: is missing' '1 fault'; }
API_ADDRESS=127.0.0.1 API_PORT=1 COMPOSE_PROJECT_NAME=second ASTERISK_CONFIG=/nowhere
compare_configuration
"""


async def test_a_file_with_faults_that_is_not_what_runs_is_reported_loudly_with_its_faults() -> None:
    out, complaint = await lib(FAULTY, SAYS="last_good")
    assert out == ""
    assert complaint == (
        "! /nowhere/callcentre.yaml has faults, and is not what runs: that is the last one without, of "
        "2026-11-28T18:00:00.000Z\n"
        "  exec second-controller ari-app check --offline\n"
        "  callcentre.yaml:3: agents.alice.phone: is missing\n  1 fault\n"
    )


async def test_a_file_that_is_what_runs_is_nothing_to_tell_of() -> None:
    assert await lib(FAULTY, SAYS="current") == ("", "")


IMAGES_OF_TWO = """
image_digest() { printf 'used-%s' "$1"; }
list() { # of all images, by their labels
    case "$*" in
        *"=edge "*) ;;
        *"directory=$REPO "*) printf '%s\\n' made latest '<none>' ;;
        *) echo of-another ;;
    esac
}
inspect() { # the id of the last argument
    case "${@: -1}" in
        *edge:used-edge) return 1 ;;
        *:latest | *:made) echo the-last-one ;;
        *) echo "another" ;;
    esac
}
docker() {
    case "$*" in
        "image ls "*) list "$@" ;;
        "image inspect "*) inspect "$@" ;;
        "image rm "*) printf '%s\\n' "$3" >>"$REMOVED" && [[ $3 != *:used-bots ]] ;;
    esac
}
remove_own_images bots edge
"""


async def test_purging_removes_the_images_that_a_working_copy_made_or_uses_and_none_of_another(tmp_path: Path) -> None:
    removed = tmp_path / "removed"
    out, _ = await lib(IMAGES_OF_TWO, REMOVED=str(removed))
    assert {*removed.read_text().split()} == {f"callcontrol-bots:{tag}" for tag in ("made", "latest", "used-bots")}
    assert out == "· the image callcontrol-bots:used-bots is in use and stays\n"


def test_what_the_base_image_is_made_of_is_signed_whatever_mirror_it_comes_from() -> None:
    (made,) = [line for line in (ROOT / "docker" / "base").read_text().splitlines() if " debootstrap --" in line]
    assert "--force-check-gpg" in made
