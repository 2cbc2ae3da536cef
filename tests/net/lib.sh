# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the network tests share: one segment with a simulated node n1 and a management host with
# an operator (ada), an observer (eve) and an aggregator (agg1). No interface has an IP address.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/test.sh"

n1_mac=0c:c4:7a:77:f9:01
n2_mac=0c:c4:7a:77:f9:02
mgmt_mac=a0:36:9f:20:58:c4

# Members and hosts; with the argument `running`, agent and aggregator as well.
segment_begin() { # [running]
    test_begin
    cluster_member n1 node $n1_mac && cluster_member n2 node $n2_mac &&
        cluster_member agg1 aggregator $mgmt_mac && cluster_member ada operator &&
        cluster_member eve observer || exit 1
    host_new n1 && host_new mgmt && host_wire n1 eth1 $n1_mac &&
        host_wire mgmt eth1 $mgmt_mac || exit 1
    [ "${1-}" = running ] || return 0
    agent_start n1 sim:domains=3 && statsd_start mgmt agg1 --interval 1 || exit 1
    answers n1 || exit 1
}

# Waits until a node answers an operator on mgmt.
answers() { # NODE [SECONDS]
    wait_for "${2:-10}" quiet mvctl_as mgmt ada -n "$1" ping || {
        echo "no answer from $1 in ${2:-10} s: $(mvctl_as mgmt ada -n "$1" ping 2>&1)"
        return 1
    }
}

quiet() { "$@" > /dev/null 2>&1; }

# The name of a node's first domain.
first_domain() { # NODE
    mvctl_as mgmt ada -n "$1" --json show domains | "$repo/tests/lib/field.py" '*' name | head -n 1
}

# Seconds since START (date +%s%N) with one decimal.
seconds_since() { # START
    awk -v ns=$(($(date +%s%N) - $1)) 'BEGIN { printf "%.1f", ns / 1e9 }'
}
