# shellcheck shell=bash
# What `cluster/up` and `cluster/down` share, beside docker/lib.sh. Sourced, never run.

# shellcheck source=docker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

# shellcheck disable=SC2034  # of docker/lib.sh
LOCAL_ENV=$HERE/.env.local.cluster COMPOSE_FILE_USED=$HERE/cluster/compose.yaml IMAGES=(asterisk controller bots edge api history)

# What the compose file has, also what was added to it: PARTS by name, and CONFIGURED with all that is set for them.
# shellcheck disable=SC2034  # of those who source this
read_parts() {
    CONFIGURED=$(compose config)
    mapfile -t PARTS < <(compose config --services | grep -vxF bots | sort)
}

# As load_settings, of a cluster: the environment wins over docker/.env.local.cluster, which wins over the demo's defaults.
load_cluster_settings() {
    load_local_env
    export COMPOSE_PROJECT_NAME=${COMPOSE_PROJECT_NAME:-callcontrol}-cluster
    export CLUSTER_NETWORK=${CLUSTER_NETWORK:-127.0.2}
    [[ $CLUSTER_NETWORK =~ ^127(\.[0-9]{1,3}){2}$ ]] ||
        die "CLUSTER_NETWORK is $CLUSTER_NETWORK: it must be the begin of loopback addresses, as 127.0.2"
    export CLUSTER_CARRIER=${CLUSTER_CARRIER:-$CLUSTER_NETWORK.2:5080} LOG_LEVEL=${LOG_LEVEL:-info} EVENT_LOOP=${EVENT_LOOP:-uvloop}
    export CERTIFICATE_INSIDE='' KEY_INSIDE='' OIDC_SECRET_INSIDE='' CONTENT_OIDC_CLIENT_SECRET=${OIDC_CLIENT_SECRET:-}
    [[ -z $CONTENT_OIDC_CLIENT_SECRET ]] || OIDC_SECRET_INSIDE=/run/secrets/oidc_client_secret
    export TRUSTED_PROXIES=${TRUSTED_PROXIES:-}
    [[ -z ${TLS_CERTIFICATE:-} ]] || TRUSTED_PROXIES="$CLUSTER_NETWORK.1${TRUSTED_PROXIES:+ $TRUSTED_PROXIES}"
    own_directories
}

# address <part>
address() {
    awk -v part="$1:" '/^ ? ?[^ ]/ { at = $1 }
        at == part && $1 ~ /^((API|EDGE|AST|REDIS|HISTORY)_ADDRESS|ARI_APP_API_HOST):$/ { gsub("\"", "", $2); print $2; exit }' \
        <<<"$CONFIGURED"
}

# What stops this cluster, typed into any shell.
down_cluster_command() {
    [[ $COMPOSE_PROJECT_NAME == callcontrol-cluster ]] || printf 'COMPOSE_PROJECT_NAME=%s ' "${COMPOSE_PROJECT_NAME%-cluster}"
    printf '%q --cluster' "$HERE/down"
}

# What to do about data whose password is not known. They may be another working copy's.
keep_or_remove() {
    printf 'put that file back; give this one another name (COMPOSE_PROJECT_NAME=… in it) if another working copy made them; or remove them (%s --purge)' \
        "$(down_cluster_command)"
}

in_part() {
    local part=$1
    shift
    docker exec "$COMPOSE_PROJECT_NAME-$part" "$@"
}

# sentinel_says <part> <field>: of the primary, as the Sentinel of that node sees it
sentinel_says() {
    # shellcheck disable=SC2016  # expanded in the container
    in_part "$1" bash -c 'REDISCLI_AUTH=$(<"$SENTINEL_PASSWORD_FILE") redis-cli -h $REDIS_ADDRESS -p 26379 sentinel master callcontrol' \
        2>/dev/null | sed -n "/^$2\$/{n;p}"
}

# Whether the Redis of that node leads, or follows the one that does.
replicated() {
    # shellcheck disable=SC2016  # expanded in the container
    in_part "$1" bash -c 'REDISCLI_AUTH=$(<"$REDIS_PASSWORD_FILE") redis-cli -h $REDIS_ADDRESS -p 6379 info replication' \
        2>/dev/null | grep -q '^role:master\|^master_link_status:up'
}

# Each Sentinel knows both replicas and both others, and each replica follows.
redis_is_whole() {
    local part
    for part in redis-1 redis-2 redis-3; do
        [[ $(sentinel_says "$part" num-slaves) == 2 && $(sentinel_says "$part" num-other-sentinels) == 2 &&
            $(sentinel_says "$part" flags) == master ]] && replicated "$part" || return 1
    done
}

# The edge gives calls to every Asterisk that it has, and each has loaded all.
asterisks_are_there() {
    local listed
    listed=$(in_part edge edge list 2>/dev/null) || return 1
    [[ -n $listed && $(awk '$3 !~ /^(A|D)/' <<<"$listed") == "" ]]
}

# All answer, each Asterisk has a leader, and one of them serves the API.
controllers_are_there() {
    local each where leads led=0
    for each in $(in_part api printenv API_CONTROLLERS 2>/dev/null); do
        where=${each#*=}
        leads=$(http_get "${where%:*}" "${where##*:}" /metrics | sed -n 's/^callcontrol_leader \([0-9]*\).*/\1/p') || return 1
        led=$((led + ${leads:-0}))
    done
    ((led > 0 && led == $(in_part edge edge list 2>/dev/null | wc -l))) || return 1
    # TLS is not spoken by bash: there it has to do that somebody listens.
    if [[ -n $CERTIFICATE_INSIDE ]]; then
        : 2>/dev/null </dev/tcp/"$(address api)"/8080
    else
        [[ $(http_status "$(address api)" 8080 /readyz) == 200 ]]
    fi
}

# until_true <seconds> <what> <command…>: says what did not come
until_true() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < deadline)) || { warn "$what" && return 1; }
        sleep 0.3
    done
}
