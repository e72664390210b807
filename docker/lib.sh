# shellcheck shell=bash
# What `up`, `down`, `test` and `base` share. Sourced, never run.
# Nothing here changes a machine unless the name of the function says so.

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
REPO=$(cd -- "$HERE/.." && pwd)
LOCAL_ENV=$HERE/.env.local
COMPOSE_FILE_USED=$HERE/compose.yaml
IMAGES=(asterisk controller bots)

# shellcheck disable=SC2034  # not all of these scripts use all of them
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' BOLD=$'\e[1m' PLAIN=$'\e[0m'
else
    DIM='' GREEN='' RED='' BOLD='' PLAIN=''
fi

say() { printf '%s\n' "${DIM}·${PLAIN} $*"; }
done_() { printf '%s\n' "${GREEN}✓${PLAIN} $*"; }
warn() { printf '%s\n' "${RED}!${PLAIN} $*" >&2; }
die() {
    printf '%s\n' "${RED}✗${PLAIN} $*" >&2
    exit 1
}

is_root() { [[ $EUID == 0 ]]; }
has() { command -v "$1" >/dev/null 2>&1; }

# seconds_since <moment>: for "(12 s)"
seconds_since() { printf '%d s' "$((SECONDS - $1))"; }

# shellcheck source=docker/machine.sh
. "$HERE/machine.sh"

# ------------------------------------------------------------------------------------------------------------ ports

# port_holder udp|tcp <IPv4 address> <port>: prints who has it and succeeds, or fails where it is free.
# Reads /proc, as a bare machine has neither ss nor lsof.
port_holder() {
    local protocol=$1 port hex a b c d inode pid file
    IFS=. read -r a b c d <<<"$2"
    printf -v hex '%02X%02X%02X%02X' "$d" "$c" "$b" "$a"
    printf -v port '%04X' "$3"
    inode=$(awk -v own="$hex:$port" -v any="00000000:$port" -v any6="00000000000000000000000000000000:$port" \
        -v listening="$([[ $protocol == tcp ]] && echo 0A || echo 07)" \
        'FNR > 1 && $4 == listening && ($2 == own || $2 == any || $2 == any6) { print $10; exit }' \
        "/proc/net/$protocol" "/proc/net/${protocol}6" 2>/dev/null || true)
    [[ -n $inode ]] || return 1
    for file in /proc/[0-9]*/fd/*; do
        if [[ $(readlink -- "$file" 2>/dev/null) == "socket:[$inode]" ]]; then
            pid=${file#/proc/}
            pid=${pid%%/*}
            printf '%s (process %s)' "$(cat "/proc/$pid/comm" 2>/dev/null)" "$pid"
            return 0
        fi
    done
    printf 'another program'
}

# running <service>: whether that container of our project is up (and so holds its ports rightly)
running() { [[ $(docker inspect --format '{{.State.Running}}' "$COMPOSE_PROJECT_NAME-$1" 2>/dev/null) == true ]]; }

# only_ours [service…]
# Two working copies on one machine are two call centres: neither takes the containers and the data of the other.
only_ours() {
    local name there
    (($#)) || set -- controller asterisk redis
    for name; do
        there=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.project.working_dir"}}' \
            "$COMPOSE_PROJECT_NAME-$name" 2>/dev/null || true)
        [[ -z $there || $there == "${COMPOSE_FILE_USED%/*}" || ! -d $there ]] ||
            die "the call centre $COMPOSE_PROJECT_NAME is that of $there: give this one another name and other addresses" \
                "(docs/operations.md, \"Beside other things on one machine\"), or remove that one with $there/down"
    done
}

# own_address <IPv4 address>: whether this machine has it. A bare machine may lack `ip`; where nobody can say, it has.
ROUTES=/proc/net/fib_trie
own_address() {
    [[ ! -r $ROUTES ]] || awk -v wanted="$1" '
        $1 == "|--" { at = $2 }
        $2 == "host" && $3 == "LOCAL" && at == wanted { found = 1 }
        END { exit !found }' "$ROUTES"
}

need_port() {
    local holder
    if holder=$(port_holder "$1" "$2" "$3"); then
        die "port $3/$1 on $2 is taken by $holder: free it, or choose another with $4=…"
    fi
}

# ---------------------------------------------------------------------------------------------------- surroundings

# Into the environment, which wins.
load_local_env() {
    local line
    [[ -e $LOCAL_ENV ]] || return 0
    [[ -r $LOCAL_ENV ]] || die "docker/${LOCAL_ENV##*/} is another user's: run this as $(stat -c %U -- "$LOCAL_ENV")"
    while IFS= read -r line; do
        [[ $line =~ ^([A-Z_]+)=(.*)$ ]] || continue
        [[ -n ${!BASH_REMATCH[1]:-} ]] || export "${BASH_REMATCH[1]}=${BASH_REMATCH[2]}"
    done <"$LOCAL_ENV"
}

# What the compose file reads. The environment wins over docker/.env.local, which wins over the demo's defaults.
load_settings() {
    load_local_env
    export COMPOSE_PROJECT_NAME=${COMPOSE_PROJECT_NAME:-callcontrol}
    export CERTIFICATE_INSIDE='' KEY_INSIDE='' OIDC_SECRET_INSIDE='' CONTENT_OIDC_CLIENT_SECRET=${OIDC_CLIENT_SECRET:-} DEMO=${DEMO:-yes} TRUSTED_PROXIES=${TRUSTED_PROXIES:-}
    [[ -z $CONTENT_OIDC_CLIENT_SECRET ]] || OIDC_SECRET_INSIDE=/run/secrets/oidc_client_secret
    export HISTORY_PASSWORD_INSIDE='' CONTENT_HISTORY_PASSWORD=${HISTORY_PASSWORD:-}
    [[ -z $CONTENT_HISTORY_PASSWORD ]] || HISTORY_PASSWORD_INSIDE=/run/secrets/history_password
    [[ -z ${NETWORK_ADDRESS:-} ]] || on_a_network
    export AST_ADDRESS=${AST_ADDRESS:-127.0.0.1} AST_SIP_PORT=${AST_SIP_PORT:-5060} AST_ARI_PORT=${AST_ARI_PORT:-8088}
    export AST_SIP_TLS_PORT=${AST_SIP_TLS_PORT:-5061} AST_ENCRYPTION=${AST_ENCRYPTION:-optional}
    # Several call centres on one loopback have each an address for all; what stands on a network keeps ARI off it.
    if [[ $AST_ADDRESS == 127.* ]]; then
        export AST_ARI_ADDRESS=${AST_ARI_ADDRESS:-$AST_ADDRESS}
    else
        export AST_ARI_ADDRESS=${AST_ARI_ADDRESS:-127.0.0.1}
    fi
    export AST_RTP_START=${AST_RTP_START:-10000} AST_RTP_END=${AST_RTP_END:-20000} AST_CARRIER=${AST_CARRIER:-127.0.0.2:5080}
    export ARI_USER=${ARI_USER:-callcontrol} STASIS_APP=${STASIS_APP:-callcontrol}
    export API_ADDRESS=${API_ADDRESS:-127.0.0.1} API_PORT=${API_PORT:-8080}
    export REDIS_ADDRESS=${REDIS_ADDRESS:-127.0.0.1} LOG_LEVEL=${LOG_LEVEL:-info} EVENT_LOOP=${EVENT_LOOP:-uvloop}
    # Health is answered in clear, for this script too: where the API speaks TLS it has an address of its own.
    if [[ -n ${TLS_CERTIFICATE:-} && -z ${METRICS_ADDRESS:-} ]]; then
        [[ $API_ADDRESS == 127.* ]] && METRICS_ADDRESS=$API_ADDRESS:9464 || METRICS_ADDRESS=127.0.0.1:9464
    fi
    export METRICS_ADDRESS=${METRICS_ADDRESS:-}
    own_directories
}

# Who can ring the demonstration's people, where they are there and may log in; a whole line, or nothing.
visitors_hint() {
    [[ -z $(login_hint) ]] ||
        printf '\n  visitors      %s' "$HERE/demo-calls (rings alice; bob, carol and dave answer what is transferred to them)"
}

# What `docker/up --network` means: phones, trunk, API and desk at that address, all else on loopback, nothing in clear.
on_a_network() {
    [[ $NETWORK_ADDRESS =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$ && $NETWORK_ADDRESS != 127.* && $NETWORK_ADDRESS != 0.0.0.0 ]] ||
        die "--network $NETWORK_ADDRESS: it must be one IPv4 address of this machine, and none of loopback"
    export NETWORK_ADDRESS AST_ADDRESS=$NETWORK_ADDRESS API_ADDRESS=$NETWORK_ADDRESS DEMO=no
    export AST_ARI_ADDRESS=${AST_ARI_ADDRESS:-127.0.0.1} REDIS_ADDRESS=${REDIS_ADDRESS:-127.0.0.1}
    export METRICS_ADDRESS=${METRICS_ADDRESS:-127.0.0.1:9464} AST_ENCRYPTION=${AST_ENCRYPTION:-required}
}

# need_certificate: a copy of TLS_CERTIFICATE and TLS_KEY for the containers, or empty files; NO_CERTIFICATE says of which
# nothing could be read
need_certificate() {
    local name file
    NO_CERTIFICATE=()
    for name in TLS_CERTIFICATE TLS_KEY; do
        file=${!name:-}
        if [[ -z $file ]]; then
            printf -v "CONTENT_$name" ''
        elif [[ ! -r $file ]]; then
            # On a network it is one of all the reasons that are said at once. What runs keeps the one that it has.
            NO_CERTIFICATE+=("$name")
            warn "$name is $file, which can't be read"
            printf -v "CONTENT_$name" '%s' "$(cat -- "$SECRETS_DIR/${name,,}" 2>/dev/null || true)"
        else
            printf -v "CONTENT_$name" '%s' "$(<"$file")"
        fi
    done
    if [[ -n ${TLS_CERTIFICATE:-} ]]; then
        export CERTIFICATE_INSIDE=/run/secrets/tls_certificate KEY_INSIDE=/run/secrets/tls_key
        [[ -n ${TLS_KEY:-} ]] || KEY_INSIDE=$CERTIFICATE_INSIDE
    fi
}

# make_phone_secrets [phone…]: 24 random characters for each, or for all whose secret everybody can read or guess, in files of
# one's own. They stand where they are used, in pjsip.conf.
make_phone_secrets() {
    local file=$ASTERISK_CONFIG/pjsip.conf phone fresh made=()
    [[ $ASTERISK_CONFIG != "$REPO/asterisk" && -w $file ]] || return 0
    (($#)) || mapfile -t made < <(phone_secrets "$file" | awk '$2 == "phone-" $1 || length($2) < 16 { print $1 }')
    for phone in "${made[@]}" "$@"; do
        fresh=$(new_secret)
        # Beside the file, and then into it: its owner and its mode stay.
        (umask 077 && SECRET=${fresh:0:24} PHONE=$phone awk "$SECRETS_OF_PHONES"'
            phone && name == ENVIRON["PHONE"] && /^[[:space:]]*password[[:space:]]*=/ { print "password = " ENVIRON["SECRET"]; next }
            { print }' "$file" >"$file.new")
        cat -- "$file.new" >"$file"
        rm -f -- "$file.new"
    done
    made+=("$@")
    ((!${#made[@]})) || done_ "made new secrets for the phones ${made[*]}: they stand in $file (grep -A3 '(phone-secret' $file)"
}

# What awk knows in each line of pjsip.conf: whether it is of a phone's secret, and whose.
# shellcheck disable=SC2016  # awk's
SECRETS_OF_PHONES='/^[[:space:]]*\[/ {
    name = substr($0, index($0, "[") + 1); sub(/\].*/, "", name)
    phone = /\(([^)]*,)?[[:space:]]*phone-secret[[:space:]]*(,[^)]*)?\)/
}'

# phone_secrets <pjsip.conf>: name and secret of each phone, one a line
phone_secrets() {
    awk "$SECRETS_OF_PHONES"'
        phone && /^[[:space:]]*password[[:space:]]*=/ { sub(/^[^=]*=>?[[:space:]]*/, ""); sub(/[[:space:]]*(;.*)?$/, ""); print name, $0 }' "$1"
}

# Nothing of a call centre that is open to strangers is started: all reasons at once.
refuse_what_is_open() {
    local said
    said=$(compose run --rm --no-deps -T controller exposure 2>/dev/null) && ((!${#NO_CERTIFICATE[@]})) && return 0
    printf '%s' "${said:+$said$'\n'}" >&2
    # Nobody has looked: whatever kept Docker from it is the reason.
    [[ -n $said ]] || ((${#NO_CERTIFICATE[@]})) || compose run --rm --no-deps -T controller exposure >&2 || true
    die "nothing was started: this call centre may not stand on $NETWORK_ADDRESS, for the reasons above"
}

# Where the administrator's files are, and where recordings go.
own_directories() {
    export SECRETS_DIR=$HERE/.secrets/$COMPOSE_PROJECT_NAME
    export ASTERISK_CONFIG=${ASTERISK_CONFIG:-$REPO/asterisk}
    [[ $ASTERISK_CONFIG == /* ]] || die "ASTERISK_CONFIG is $ASTERISK_CONFIG: it must be the absolute path of a directory (/…)"
    export RECORDINGS_DIR=${RECORDINGS_DIR:-recordings}
    [[ $RECORDINGS_DIR == /* || $RECORDINGS_DIR == recordings ]] ||
        die "RECORDINGS_DIR is $RECORDINGS_DIR: it must be the absolute path of a directory (/…), or recordings for the volume"
}

# Who may read the administrator's files and the secrets: members of these groups, in the containers alone (the images'
# users are in them). Asterisk's has what Asterisk and the edge read, and the password of ARI; the controller's has
# callcentre.yaml and the password of Redis. The controller is in both: `ari-app check` compares its file with theirs.
GROUP_ASTERISK=52060 GROUP_CONTROLLER=52080

# as_root <directory> <command…>: by root, here or in a container that has that directory
as_root() {
    local directory=$1
    shift
    if is_root; then "$@"; else docker run --rm --network none --volume "$directory:$directory" debian:forky-slim "$@"; fi
}

# give_to <group> <directory> <condition of find…>: what is found there is its owner's to write and the group's to read, and
# nobody else's to see
give_to() {
    local group=$1 directory=$2 wrong
    shift 2
    wrong=(\( ! -group "$group" -o ! -perm -040 -o -perm /027 \))
    [[ -n $(find "$directory" "$@" "${wrong[@]}" -print -quit 2>/dev/null || printf unreadable) ]] || return 0
    as_root "$directory" find "$directory" "$@" -exec chgrp "$group" {} + -exec chmod u+rwX,g=rX,o= {} + ||
        die "could not give what is in $directory to the group $group"
}

# hand_over_secrets <name…>: as files, for the containers: what stands in the environment of one, `docker inspect` shows
hand_over_secrets() {
    local name file
    (umask 077 && mkdir -p -- "$SECRETS_DIR") || die "can't make $SECRETS_DIR"
    for name; do
        file=${name#CONTENT_}
        file=$SECRETS_DIR/${file,,}
        # A file that is replaced would stay the old one in containers that run.
        [[ -f $file && $(cat -- "$file" 2>/dev/null) == "${!name}" ]] ||
            (umask 077 && printf '%s' "${!name}" >"$file") || die "can't write $file"
    done
    give_to "$GROUP_ASTERISK" "$SECRETS_DIR" -type f \( -name ari_password -o -name 'tls_*' \)
    give_to "$GROUP_CONTROLLER" "$SECRETS_DIR" -type f ! -name ari_password ! -name 'tls_*'
}

# 48 hexadecimal digits: they need no quoting in URLs, Asterisk's files or Redis'.
new_secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# need_secrets <name…>: those that there are not yet are made, and kept
need_secrets() {
    local name
    for name; do
        [[ -z ${!name:-} ]] || continue
        export "$name=$(new_secret)"
        save_setting "$name"
        say "made a new secret: $name (kept in docker/${LOCAL_ENV##*/})"
    done
}

# save_setting <name>: keeps its value for the next run; readable to the owner alone
save_setting() {
    local rest=''
    [[ ! -r $LOCAL_ENV ]] || rest=$(grep -v "^$1=" "$LOCAL_ENV" || true)
    if ! (
        umask 077
        printf '%s\n' "${rest:-# Made by docker/up for this machine. Secrets: keep it to yourself.}" "$1=${!1}" >"$LOCAL_ENV.new" &&
            mv -f -- "$LOCAL_ENV.new" "$LOCAL_ENV"
    ) 2>/dev/null; then
        die "can't write $LOCAL_ENV"
    fi
}

# Each reads its own of the administrator's files, and other users of this machine none: phones' secrets are in them.
# What callcentre.yaml names as files (secrets of webhooks) stands in secrets/.
let_services_read_config() {
    local secrets=("$ASTERISK_CONFIG/secrets" -o -path "$ASTERISK_CONFIG/secrets/*")
    give_to "$GROUP_CONTROLLER" "$ASTERISK_CONFIG" -maxdepth 1 -type f -name 'callcentre.yaml*'
    give_to "$GROUP_CONTROLLER" "$ASTERISK_CONFIG" \( -path "${secrets[@]}" \) ! -type l
    give_to "$GROUP_ASTERISK" "$ASTERISK_CONFIG" ! -name 'callcentre.yaml*' ! \( -path "${secrets[@]}" \) ! -type l
}

# A directory of the host's for recordings: Asterisk writes there, as the user 999.
let_asterisk_record() {
    [[ $RECORDINGS_DIR == /* ]] || return 0
    [[ -d $RECORDINGS_DIR ]] || mkdir -p -- "$RECORDINGS_DIR" || die "can't make $RECORDINGS_DIR"
    [[ $(stat -c %u -- "$RECORDINGS_DIR") == 999 ]] || as_root "$RECORDINGS_DIR" chown 999:999 -- "$RECORDINGS_DIR" ||
        die "$RECORDINGS_DIR is not the user 999's, and could not be made so"
}

# What stops this call centre, typed into any shell.
down_command() {
    [[ $COMPOSE_PROJECT_NAME == callcontrol ]] || printf 'COMPOSE_PROJECT_NAME=%s ' "$COMPOSE_PROJECT_NAME"
    printf '%q' "$HERE/down"
}

# A cluster beside it is stopped by a command of its own.
name_a_cluster() {
    [[ -z $(docker ps --quiet --filter "name=^$COMPOSE_PROJECT_NAME-cluster-") ]] ||
        say "a cluster is still running: $(down_command) --cluster stops it"
}

# What this run has started goes again if it fails half-way, while `starting` is yes; what ran before (`was_running`) stays.
undo_what_starts_half() {
    was_running=no starting=no
    trap half_started EXIT
    trap 'exit 130' INT TERM
}
half_started() {
    end_builds
    if [[ $starting == yes && $was_running == no ]]; then
        compose down --timeout 3 >/dev/null 2>&1 || true
    fi
}

# demonstrated <exit status> <auto|yes> [where to look]: 3 says that these are one's own people, and it has said so. That is
# a fault only where the demonstration was requested.
demonstrated() {
    [[ $1 != 3 || $2 == auto ]] || die "there was no demonstration, as said above; everything is left running"
    [[ $1 == 0 || $1 == 3 ]] || die "the demonstration failed; everything is left running${3:-}"
}

# Which phones there are, for the last page of a start.
phones_hint() {
    if grep -qs '^password = phone-1001$' "$ASTERISK_CONFIG/pjsip.conf"; then
        printf 'users 1001 to 1006, secrets phone-1001 …'
    else
        printf 'users and secrets in %s/pjsip.conf' "$ASTERISK_CONFIG"
    fi
}

# Where the demonstration's people work here, and not on a network (where their passwords are refused).
login_hint() {
    if [[ -z ${NETWORK_ADDRESS:-} ]] && grep -qs '^    password: alice-demo$' "$ASTERISK_CONFIG/callcentre.yaml"; then
        printf '; log in as alice with alice-demo'
    fi
}

compose() { "${COMPOSE[@]}" -f "$COMPOSE_FILE_USED" -p "$COMPOSE_PROJECT_NAME" "$@"; }

# quietly <what> <command…>: its output is shown only where it fails
quietly() {
    local what=$1 log written kept
    shift
    log=$(mktemp)
    exec {written}>"$log"
    exec {kept}<"$log"
    rm -f -- "$log" # at once: whoever is killed leaves nothing
    "$@" >&"$written" 2>&1 || {
        tail -n 25 <&"$kept" >&2
        die "$what failed (its last lines are above)"
    }
    exec {written}>&- {kept}<&-
}

# ---------------------------------------------------------------------------------------------------------- images

image_directory() {
    case $1 in
        edge | api | history) printf 'docker/cluster/%s' "$1" ;;
        *) printf 'docker/%s' "$1" ;;
    esac
}

# What an image is made of. The tag of an image is a digest of that, so what is unchanged is not built again,
# and two working copies on one machine don't take each other's images.
image_inputs() {
    case $1 in
        controller) printf '%s\n' docker/controller docker/cluster/redis requirements.lock ari_app ;;
        bots) printf '%s\n' . ;;
        *) image_directory "$1" ;;
    esac
}

image_digest() {
    local inputs skip=()
    local name
    for name in .git __pycache__ '.*_cache' .hypothesis .schemathesis .venv reports build dist '*.egg-info' '.env.local*' .secrets '.coverage*'; do
        skip+=(-o -name "$name")
    done
    mapfile -t inputs < <(image_inputs "$1")
    (
        cd -- "$REPO" || exit 1
        docker image inspect --format '{{.Id}}' debian:forky-slim
        # Of the modes what their owner may: `docker/up` takes the rights of others away.
        find "${inputs[@]}" .dockerignore \( -false "${skip[@]}" \) -prune -o -type f -printf '%m %p\n' | sed -E 's/^(.).. /\1 /' | LC_ALL=C sort
        find "${inputs[@]}" .dockerignore \( -false "${skip[@]}" \) -prune -o -type f -print0 | LC_ALL=C sort -z |
            xargs -0 sha256sum
    ) | sha256sum | cut -c 1-16
}

# Sets ASTERISK_TAG, CONTROLLER_TAG, … and builds what is missing, all at the same time: most of it is unpacking packages,
# which is work for one core.
BUILDING=()
build_images() {
    local name tag one
    set -m # each in a process group, by which all of it is ended
    for name in "${IMAGES[@]}"; do
        tag=$(image_digest "$name")
        export "${name^^}_TAG=$tag"
        build_image "$name" "$tag" "$REPO" --tag "callcontrol-$name:latest" &
        BUILDING+=($!)
    done
    set +m
    for one in "${BUILDING[@]}"; do
        wait "$one" || exit 1 # it has said why
    done
    BUILDING=()
}

# Those that go on when one has failed, or whoever waits for them is interrupted. Bash lets what it has put into the
# background ignore Ctrl-C.
end_builds() {
    local one
    for one in "${BUILDING[@]}"; do
        kill -- "-$one" 2>/dev/null || true
    done
}

# build_earlier <revision of git> <directory>: the controller as it was then, and into the directory what describes it;
# sets CONTROLLER_BEFORE_TAG
build_earlier() {
    local files
    has git || die "an earlier version comes out of git, which is not here"
    files=$(mktemp -d)
    git -C "$REPO" archive "$1" | tar -x -C "$files" || die "git has no revision $1 here"
    CONTROLLER_BEFORE_TAG=$(REPO=$files image_digest controller)
    export CONTROLLER_BEFORE_TAG
    build_image controller "$CONTROLLER_BEFORE_TAG" "$files"
    mkdir -p "$2/docker/cluster"
    cp -r -- "$files/asterisk" "$2/"
    cp -- "$files/docker/cluster/compose.yaml" "$2/docker/cluster/"
    rm -rf -- "$files"
}

# build_image <name> <tag> <directory of the sources> [option…]
build_image() {
    local name=$1 tag=$2 from=$3 began=$SECONDS
    shift 3
    ! docker image inspect "callcontrol-$name:$tag" >/dev/null 2>&1 || return 0
    say "building the image $name"
    # The classic builder: it is everywhere, BuildKit isn't.
    DOCKER_BUILDKIT=0 quietly "building the image $name" docker build --network host \
        --file "$from/$(image_directory "$name")/Dockerfile" --label "callcontrol.image=$name" --label "callcontrol.directory=$REPO" \
        --tag "callcontrol-$name:$tag" "$@" "$from"
    done_ "image $name: $(docker image inspect --format '{{.Size}}' "callcontrol-$name:$tag" |
        awk '{ printf "%.0f MB", $1 / 1e6 }'), built in $(seconds_since "$began")"
    forget_old_images "$name" "$tag"
}

# The last few stay: switching back and forth between two versions must not build each time. So does the one just made,
# which is as old as the layers that it was made of: where all of them were there already, older than the others.
forget_old_images() {
    docker image ls --filter "label=callcontrol.image=$1" --format '{{.Repository}}:{{.Tag}}' |
        grep -v -e ':latest$' -e '<none>' -e ":$2\$" | tail -n +5 | xargs -r docker image rm >/dev/null 2>&1 || true
}

# remove_own_images <name…>: those that this working copy has made, and those that it would use, whoever has made them. What
# another one alone uses stays, and so does what a container has.
remove_own_images() {
    local name image id own
    for name; do
        own=$(docker image ls --filter "label=callcontrol.image=$name" --filter "label=callcontrol.directory=$REPO" --format '{{.Tag}}')
        for image in $(printf '%s\n' "$own" "$(image_digest "$name" 2>/dev/null)" | grep -v -e '<none>' -e '^latest$' | sort -u); do
            id=$(docker image inspect --format '{{.Id}}' "callcontrol-$name:$image" 2>/dev/null) || continue
            [[ $(docker image inspect --format '{{.Id}}' "callcontrol-$name:latest" 2>/dev/null) != "$id" ]] ||
                docker image rm "callcontrol-$name:latest" >/dev/null 2>&1 || true
            docker image rm "callcontrol-$name:$image" >/dev/null 2>&1 || say "the image callcontrol-$name:$image is in use and stays"
        done
    done
}

images_are_built() {
    local name
    docker image inspect debian:forky-slim >/dev/null 2>&1 || return 1
    for name in "${IMAGES[@]}"; do
        docker image inspect "callcontrol-$name:$(image_digest "$name")" >/dev/null 2>&1 || return 1
    done
}

# ------------------------------------------------------------------------------------------------- the controller

# Where health is answered in clear.
health_at() { HEALTH=${METRICS_ADDRESS:-$API_ADDRESS:$API_PORT}; }

# http_get <address> <port> <path>: all of the answer, with nothing but bash, as a bare machine has no curl
http_get() {
    {
        exec 3<>"/dev/tcp/$1/$2" || return 1
        printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$3" "$1" >&3
        timeout 5 cat <&3 || true
        exec 3>&-
    } 2>/dev/null
}

http_status() {
    local status=''
    read -r _ status _ < <(http_get "$@") || true
    printf '%s' "$status"
}

# Whether callcentre.yaml is what runs, in one sentence where it is not.
compare_configuration() {
    local file=$ASTERISK_CONFIG/callcentre.yaml answer read_at
    health_at
    answer=$(http_get "${HEALTH%:*}" "${HEALTH##*:}" /readyz) || return 0
    read_at=$(sed -n 's/.*"configured_at":"\([^"]*\)".*/\1/p' <<<"$answer")
    if [[ $answer == *'"configuration":"last_good"'* ]]; then
        warn "${BOLD}$file has faults, and is not what runs${PLAIN}: that is the last one without, of $read_at"
        docker exec "$COMPOSE_PROJECT_NAME-controller" ari-app check --offline 2>&1 | head -n 10 | sed 's/^/  /' >&2 || true
    elif [[ -n $read_at && -f $file ]] && (($(stat -c %Y -- "$file") > $(date -d "$read_at" +%s))); then
        say "$file is newer than what runs, which was read at $read_at: POST /v1/admin/reload takes it over"
    fi
}

# wait_until_ready <seconds>: gives up earlier on a controller that only dies and is started again
wait_until_ready() {
    local deadline=$((SECONDS + $1)) restarts
    health_at
    until [[ $(http_status "${HEALTH%:*}" "${HEALTH##*:}" /readyz) == 200 ]]; do
        ((SECONDS < deadline)) || return 1
        restarts=$(docker inspect --format '{{.RestartCount}}' "$COMPOSE_PROJECT_NAME-controller" 2>/dev/null || echo 0)
        ((restarts < 4)) || return 1
        sleep 0.2
    done
}

api_scheme() { [[ -n ${TLS_CERTIFICATE:-} ]] && printf https || printf http; }

# bots_options: environment and network of a container of the bots, into the array `bots`. Values are exported and only
# named, for what stands on a command line all users of the machine see.
bots_options() {
    local line
    bots=(--rm --init --network host)
    while IFS= read -r line; do
        export "${line?}"
        bots+=(--env "${line%%=*}")
    done < <(bots_environment)
}

# bots_environment: the lines for `docker run --env`, so that demonstration and tests find everything
bots_environment() {
    printf '%s\n' \
        "CC_API_URL=$(api_scheme)://$API_ADDRESS:$API_PORT" \
        "CC_AST_HOST=$AST_ADDRESS" \
        "CC_AST_SIP_PORT=$AST_SIP_PORT" \
        "CC_ARI_URL=http://$AST_ARI_ADDRESS:$AST_ARI_PORT" \
        "CC_ARI_USER=$ARI_USER" \
        "CC_ARI_PASSWORD=$ARI_PASSWORD" \
        "CC_REDIS_URL=redis://:$REDIS_PASSWORD@$REDIS_ADDRESS:$REDIS_PORT/0" \
        "CC_BIND=$AST_ADDRESS" \
        "CC_CARRIER=$AST_CARRIER" \
        "CC_STASIS_APP=$STASIS_APP" \
        "CC_COMPOSE_PROJECT=$COMPOSE_PROJECT_NAME"
}
