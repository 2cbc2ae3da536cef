# SPDX-License-Identifier: Apache-2.0
# A cluster of MVMP members on the hosts of hosts.sh: keys, agents, aggregators, commands.
# To be sourced by bash after hosts.sh. Programs come from MVMP_BUILD (default: build/).
#
#   cluster_begin                       a certification authority in DIR/ca
#   cluster_member NAME ROLE [MAC...]   keys and certificate in DIR/id/NAME
#   agent_start HOST BACKEND [OPTION...]     the member of the host's name, on eth1
#   statsd_start HOST NAME [OPTION...]       the member NAME, RRD files in DIR/HOST/rrd
#   mvctl_as HOST NAME ARGUMENTS...          mvctl on eth1 as member NAME
#   mvctl_local HOST NAME ARGUMENTS...       the same over the host's Unix links

cluster_repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
MVMP_BUILD=${MVMP_BUILD:-$cluster_repo/build}
mvagent=$MVMP_BUILD/mvagent/mvagent
mvstatsd=$MVMP_BUILD/statsd/mvstatsd
mvctl=$MVMP_BUILD/mvctl/mvctl
mvctl_perfc=$MVMP_BUILD/mvctl/mvctl-perfc

cluster_begin() {
    local program
    for program in "$mvagent" "$mvstatsd" "$mvctl" "$mvctl_perfc"; do
        [ -x "$program" ] || {
            echo "no $program; build first: meson setup build && ninja -C build" >&2
            return 1
        }
    done
    mkdir -p "$HOSTS_DIR/id"
    "$mvctl" ca init "$HOSTS_DIR/ca" > "$HOSTS_DIR/ca.log" 2>&1 || {
        cat "$HOSTS_DIR/ca.log" >&2
        return 1
    }
}

cluster_member() { # NAME ROLE [MAC...]
    local name=$1 role=$2 mac words=()
    shift 2
    for mac in "$@"; do words+=(--mac "$mac"); done
    "$mvctl" ca member "$HOSTS_DIR/ca" "$HOSTS_DIR/id/$name" --name "$name" --role "$role" \
        "${words[@]}" >> "$HOSTS_DIR/ca.log" 2>&1 || {
        tail -n 3 "$HOSTS_DIR/ca.log" >&2
        return 1
    }
}

agent_start() { # HOST BACKEND [OPTION...]
    local host=$1 backend=$2
    shift 2
    mkdir -p "$HOSTS_DIR/$host/state"
    [[ " $* " == *" -i "* ]] || set -- -i eth1 "$@"
    host_start "$host" mvagent "$mvagent" --identity "$HOSTS_DIR/id/$host" \
        --state "$HOSTS_DIR/$host/state" --run /run/mvmp --backend "$backend" "$@"
}

statsd_start() { # HOST NAME [OPTION...]
    local host=$1 name=$2
    shift 2
    mkdir -p "$HOSTS_DIR/$host/rrd"
    host_start "$host" mvstatsd "$mvstatsd" -i eth1 --identity "$HOSTS_DIR/id/$name" \
        --store "$HOSTS_DIR/$host/rrd" --run /run/mvmp --flush 1 "$@"
}

mvctl_as() { # HOST NAME ARGUMENTS...
    local host=$1 name=$2
    shift 2
    host_in "$host" "$mvctl" -i eth1 --run /run/mvmp --identity "$HOSTS_DIR/id/$name" "$@"
}

mvctl_local() { # HOST NAME ARGUMENTS...
    local host=$1 name=$2
    shift 2
    host_in "$host" "$mvctl" --run /run/mvmp --identity "$HOSTS_DIR/id/$name" "$@"
}
