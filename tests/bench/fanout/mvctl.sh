#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mvctl and a farm of simulated nodes: mvctl.sh BUILD [NODES...]. In a network namespace of its own.
set -euo pipefail
build=$1
shift
[ $# -gt 0 ] || set -- 10 100 1000
dir=$(mktemp -d)
farm=
trap '[ -z "$farm" ] || kill "$farm"; rm -rf "$dir"' EXIT
export XDG_CACHE_HOME=$dir

ip link add mfa0 txqueuelen 20000 type veth peer name mfb0
ip link set mfa0 up
ip link set mfb0 up
took() { # NODES TEXT COMMAND...: the median of five runs
    local nodes=$1 text=$2 n
    shift 2
    for n in 1 2 3 4 5; do
        local begun
        begun=$(date +%s%N)
        "$@" > "$dir/out" 2>&1 || { cat "$dir/out" >&2; exit 1; }
        echo $((($(date +%s%N) - begun) / 1000))
    done | sort -n | awk -v nodes="$nodes" -v text="$text" \
        'NR == 3 { printf "%-28s %6d %9.2f\n", text, nodes, $1 / 1000 }'
}
for nodes; do
    rm -f "$dir/farm.out"
    taskset -c 1 "$build/tests/farm/farm" mfb0 "$nodes" "$dir" > "$dir/farm.out" &
    farm=$!
    for _ in $(seq 200); do
        ! grep -qs ready "$dir/farm.out" || break
        sleep 0.1
    done
    took "$nodes" "mvctl nodes" taskset -c 0 "$build/mvctl/mvctl" -i mfa0 --run "$dir" \
        --identity "$dir/ada" nodes
    took "$nodes" "mvctl ping -c 1, all by name" taskset -c 0 "$build/mvctl/mvctl" -i mfa0 \
        --run "$dir" --identity "$dir/ada" -n "n[00000-$(printf %05d $((nodes - 1)))]" ping -c 1
    kill "$farm"
    wait "$farm" 2> /dev/null || :
    farm=
done
