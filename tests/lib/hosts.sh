# SPDX-License-Identifier: Apache-2.0
# Small hosts for tests and the quickstart: each one a set of namespaces (network, mounts,
# processes, host name) of this machine, wired by an Ethernet switch that has no IP address
# either. To be sourced by bash; needs root.
#
#   hosts_begin DIR            everything lives in DIR; hosts_end is called at exit
#   host_new NAME              a host with only `lo` (down), no IPv6, its own /run
#   host_wire NAME IF MAC [MTU]  plugs interface IF of the host into the switch
#   host_in NAME COMMAND...    runs a command in it
#   host_start NAME TAG COMMAND...   in the background; output in DIR/NAME/TAG.log
#   host_kill NAME TAG [SIG]   ends what host_start started (default: TERM, then waits)
#   host_end NAME, hosts_end   kills all processes of a host, of all hosts
#   switch_record FILE [FILTER]  keeps every frame on the switch, until switch_recorded
#   wait_for SECONDS COMMAND...  until the command succeeds; 1 if it never does

HOSTS_SWITCH=switch

hosts_begin() { # DIR
    HOSTS_DIR=$1
    declare -gA HOST_PID=() HOST_JOB=()
    [ "$(id -u)" -eq 0 ] || {
        echo "this needs root: it makes network namespaces" >&2
        return 1
    }
    mkdir -p "$HOSTS_DIR"
    chmod 755 "$HOSTS_DIR"
    trap hosts_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    host_new $HOSTS_SWITCH || return 1
    # A switch as dumb as can be: every frame goes where its address was learnt, or everywhere.
    host_in $HOSTS_SWITCH ip link add br0 type bridge mcast_snooping 0 stp_state 0
    host_in $HOSTS_SWITCH ip link set br0 mtu "${HOSTS_MTU:-1500}" up
}

host_new() { # NAME
    local name=$1 dir=$HOSTS_DIR/$1 job n
    mkdir -p "$dir/run"
    # The first process reaps what is left to it, as an init does, and holds the namespaces. A session of its own: a Ctrl-C at the script is the script's to handle.
    setsid unshare --mount --net --pid --uts --fork --kill-child --mount-proc bash -c '
        hostname "$1"
        # A /run of its own, with the folder of all hosts still in it if it was there.
        mount -t tmpfs -o mode=755 tmpfs "$2/run"
        case $3 in /run/*)
            mkdir -p "$2/run/${3#/run/}"
            mount --bind "$3" "$2/run/${3#/run/}"
        esac
        mount --rbind "$2/run" /run
        echo ready > "$2/ready"
        trap : CHLD
        while :; do sleep 1000; done' host "$name" "$dir" "$HOSTS_DIR" < /dev/null > "$dir/init.log" 2>&1 &
    job=$!
    disown $job
    for n in $(seq 100); do
        [ ! -s "$dir/ready" ] || break
        sleep 0.05
    done
    HOST_JOB[$name]=$job
    HOST_PID[$name]=$(cat "/proc/$job/task/$job/children" 2> /dev/null | tr -d ' ')
    [ -s "$dir/ready" ] && [ -n "${HOST_PID[$name]}" ] || {
        echo "cannot make namespaces for $name: $(cat "$dir/init.log")" >&2
        return 1
    }
    echo "${HOST_PID[$name]}" > "$dir/init.pid"
    host_in "$name" bash -c 'for f in /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6; do
        [ ! -e $f ] || echo 1 > $f; done'
}

host_in() { # NAME COMMAND...
    local name=$1
    shift
    nsenter -t "${HOST_PID[$name]}" -m -n -p -u -- "$@"
}

host_start() { # NAME TAG COMMAND...
    local name=$1 tag=$2 dir=$HOSTS_DIR/$1 job shell n
    shift 2
    rm -f "$dir/$tag.pid"
    setsid nsenter -t "${HOST_PID[$name]}" -m -n -p -u -- bash -c '"$@"; echo "ended: $?"' host "$@" \
        < /dev/null >> "$dir/$tag.log" 2>&1 &
    job=$!
    disown $job
    for n in $(seq 100); do
        # nsenter forks the shell, the shell forks the program: its number outside the host.
        shell=$(cat "/proc/$job/task/$job/children" 2> /dev/null | tr -d ' ')
        [ -z "$shell" ] ||
            tr -d ' ' 2> /dev/null < "/proc/$shell/task/$shell/children" > "$dir/$tag.pid"
        [ ! -s "$dir/$tag.pid" ] || return 0
        [ -d "/proc/$job" ] || break
        sleep 0.02
    done
    echo "$tag on $name did not start: $(tail -n 3 "$dir/$tag.log")" >&2
    return 1
}

host_pid() { # NAME TAG, as this machine numbers it
    cat "$HOSTS_DIR/$1/$2.pid"
}

host_kill() { # NAME TAG [SIG]
    local pid n
    pid=$(host_pid "$1" "$2")
    kill "-${3:-TERM}" "$pid" 2> /dev/null || return 0
    for n in $(seq 100); do
        [ -d "/proc/$pid" ] || return 0
        sleep 0.05
    done
    kill -KILL "$pid" 2> /dev/null || :
}

host_wire() { # NAME IF MAC [MTU]
    local name=$1 interface=$2 mac=$3 mtu=${4:-${HOSTS_MTU:-1500}} port
    port=$(printf '%s' "$name-$interface" | cut -c1-15)
    ip link add "mv$$p" netns "${HOST_PID[$HOSTS_SWITCH]}" mtu "$mtu" type veth peer name "mv$$q" \
        netns "${HOST_PID[$name]}" address "$mac" mtu "$mtu" || return 1
    host_in $HOSTS_SWITCH ip link set "mv$$p" name "$port" master br0 up
    host_in "$name" ip link set "mv$$q" name "$interface" up
}

host_end() { # NAME
    local pid=${HOST_PID[$1]-} n
    [ -n "$pid" ] || return 0
    # The kernel kills every process of the host with its first one.
    kill -KILL "$pid" 2> /dev/null
    for n in $(seq 100); do
        [ -d "/proc/${HOST_JOB[$1]}" ] || break
        sleep 0.05
    done
    unset "HOST_PID[$1]"
}

hosts_end() {
    local name
    trap - EXIT
    for name in "${!HOST_PID[@]}"; do host_end "$name"; done
}

# Immediate mode: nothing waits in a buffer that an ended tcpdump would lose. Its ring has slots of
# the longest length kept, so that is short and the ring large.
switch_record() { # FILE [FILTER]
    rm -f "$1"
    host_start $HOSTS_SWITCH tcpdump tcpdump -i br0 -e -n -U --immediate-mode -s 2048 -B 16384 -w "$1" "${2-}"
    wait_for 5 test -s "$1"
}

switch_recorded() {
    sleep 0.3
    host_kill $HOSTS_SWITCH tcpdump INT
}

wait_for() { # SECONDS COMMAND...
    local end=$(($(date +%s%N) / 1000000 + $1 * 1000))
    shift
    until "$@"; do
        [ $(($(date +%s%N) / 1000000)) -lt $end ] || return 1
        sleep 0.1
    done
}
