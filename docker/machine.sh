# shellcheck shell=bash
# Docker on this machine: installed, started, and found. Sourced by lib.sh, never run.

DOCKERD_LOG=/var/log/callcontrol-dockerd.log
# Set by start_docker where it started the daemon by hand, so that `test` can stop it again.
DOCKERD_PID=''

install_packages() {
    local log
    is_root || die "$* must be installed, which needs root: run this as root, or install it first"
    has apt-get || die "$* must be installed, and this machine has no apt-get: install it first"
    log=$(mktemp)
    say "installing from Debian: $*"
    export DEBIAN_FRONTEND=noninteractive
    # An index that can't be refreshed may still do: the installation decides.
    apt-get -o Acquire::Retries=3 update -qq >"$log" 2>&1 || true
    if ! apt-get -o Acquire::Retries=3 install -qq -y --no-install-recommends "$@" >>"$log" 2>&1; then
        tail -n 5 "$log" >&2
        rm -f "$log"
        die "could not install $* (apt's last lines are above)"
    fi
    rm -f "$log"
}

docker_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

wait_for_docker() {
    local deadline=$((SECONDS + $1))
    until docker_answers; do
        ((SECONDS < deadline)) || return 1
        [[ -z $DOCKERD_PID ]] || kill -0 "$DOCKERD_PID" 2>/dev/null || return 1
        sleep 0.3
    done
}

# By hand, for machines without systemd. Detached from this terminal, so that it outlives it.
start_dockerd() {
    setsid dockerd "$@" >>"$DOCKERD_LOG" 2>&1 </dev/null &
    DOCKERD_PID=$!
    wait_for_docker 30
}

start_docker() {
    local answer
    if ! has docker || { is_root && ! has dockerd && ! docker_answers; }; then
        local wanted=(docker.io)
        # From Debian 13 on, the client is a package of its own.
        if is_root && apt-cache show docker-cli >/dev/null 2>&1; then
            wanted+=(docker-cli)
        fi
        install_packages "${wanted[@]}"
        # Its installation starts the daemon where there is a service manager.
        wait_for_docker 5 || true
    fi
    if ! docker_answers; then
        answer=$(docker version 2>&1 >/dev/null || true)
        [[ $answer != *"permission denied"* ]] ||
            die "no right to talk to Docker: run this as root, or join the group docker"
        is_root || die "Docker is not running, and starting it needs root"
        if [[ -d /run/systemd/system ]]; then
            say "starting Docker (systemctl start docker)"
            systemctl start docker || die "Docker does not start: see journalctl -u docker"
            wait_for_docker 30 || die "Docker does not answer: see journalctl -u docker"
        else
            say "starting Docker by hand, as no systemd runs here (its log: $DOCKERD_LOG)"
            # Networks of Docker's own are not used, so a machine that can't make them will do too.
            start_dockerd || {
                stop_dockerd_started_here
                start_dockerd --bridge=none --iptables=false
            } || die "Docker does not start: see $DOCKERD_LOG"
        fi
    fi
}

# Sets COMPOSE.
# shellcheck disable=SC2034  # of lib.sh
find_compose() {
    if docker compose version >/dev/null 2>&1; then
        COMPOSE=(docker compose)
    else
        has docker-compose || install_packages docker-compose
        if docker compose version >/dev/null 2>&1; then
            COMPOSE=(docker compose)
        else
            COMPOSE=(docker-compose)
        fi
    fi
}

stop_dockerd_started_here() {
    [[ -n $DOCKERD_PID ]] || return 0
    kill "$DOCKERD_PID" 2>/dev/null || true
    local deadline=$((SECONDS + 20))
    while kill -0 "$DOCKERD_PID" 2>/dev/null && ((SECONDS < deadline)); do
        sleep 0.2
    done
    DOCKERD_PID=''
}

# free_space <megabytes>: where Docker keeps its images
free_space() {
    local place free
    place=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null || true)
    for place in "${place:-/var/lib/docker}" /var/lib /; do
        [[ -d $place ]] && break
    done
    free=$(df -Pm -- "$place" | awk 'NR == 2 { print $4 }')
    ((free >= $1)) || die "the disk is nearly full: $free MB free under $place, $1 MB needed"
}

# For `down`: where Docker is not there, nothing can run.
find_docker_or_leave() {
    has docker || { done_ "nothing runs: Docker is not installed" && exit 0; }
    if ! docker_answers; then
        [[ $(docker version 2>&1 >/dev/null || true) != *"permission denied"* ]] ||
            die "no right to talk to Docker: run this as root, or join the group docker"
        done_ "nothing runs: Docker is not running"
        exit 0
    fi
    start_docker
}
