# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the attack tests share: the segment of lib.sh with an attacker's host, an admin (root) whose
# subscription must not notice anything, and rows: one attack each, with what it may move at the
# victim. Which row shows which claim: docs/security.md.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

evil_mac=02:00:00:00:00:66
statsd_options=()
attacker=$MVMP_BUILD/tests/attack/attack
victim_py=$repo/tests/lib/victim.py
# A sanitizer keeps freed memory to find its use; that is no growth of ours.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:quarantine_size_mb=1
export VICTIM_GROWN_KIB=4096
! ldd "$mvagent" | grep -q libasan || VICTIM_GROWN_KIB=32768

attack_begin() {
    [ -x "$attacker" ] || {
        echo "no $attacker; build first"
        exit 1
    }
    segment_begin
    cluster_member root admin && cluster_member bob observer || exit 1
    host_new evil && host_wire evil eth1 $evil_mac || exit 1
    agent_start n1 sim:domains=3 && statsd_start mgmt agg1 --interval 1 "${statsd_options[@]}" ||
        exit 1
    answers n1 || exit 1
    "$victim_py" heading
}

# What a thief has of a member: the cluster key and a copied certificate, but not its secret.
steal() { # MEMBER: sets `loot`
    loot=$test_dir/loot-$1
    mkdir -p "$loot"
    cp "$test_dir/id/$1/cluster.key" "$test_dir/id/$1/member.cert" "$loot"
}

# An honest admin with a session that lasts as long as the test.
witness_begin() {
    host_start mgmt witness "$mvctl" -i eth1 --run /run/none --identity "$test_dir/id/root" \
        -n n1 --jsonl stats node --follow --interval 200ms
    wait_for 10 grep -q '"sample"' "$test_dir/mgmt/witness.log" || failed "the witness sees nothing"
}

# It is told every sample: a pause of so many seconds is what an attack did.
witness_end() { # [GAP]
    host_kill mgmt witness INT
    expect "the admin's subscription never paused for ${1-1} s" 0 "samples [1-9]" \
        "$repo/tests/lib/gaps.py" "${1-1}" "$test_dir/mgmt/witness.log"
    : > "$test_dir/mgmt/witness.log" # long, and told
}

# How the victim stands, asked for over its own Unix socket: nothing of it is on the wire.
victim_tells() { # FILE
    if [ $victim_tag = enrol ]; then
        echo '{"items":[{"drops":{},"counters":{},"links":[]}]}' > "$1"
        return
    fi
    mvctl_local "$victim_host" root --json --timeout 10 "${victim_ask[@]}" show link > "$1" 2> "$1.why"
}

# The further arguments of a snapshot: what the victim says, its log, its first process.
victim_asked() {
    wait_for 5 victim_tells "$test_dir/link" || failed "$1: the victim does not answer"
    victim=("$test_dir/link" "$test_dir/$victim_host/$victim_tag.log"
        "$(host_pid "$victim_host" "$victim_tag")")
}

victim_is_agent() {
    victim_host=n1 victim_tag=mvagent victim_ask=(-n n1) victim_mac=$n1_mac known=
}
victim_is_aggregator() {
    victim_host=mgmt victim_tag=mvstatsd victim_ask=(--aggregator agg1) victim_mac=$mgmt_mac known=
}
# A node without a certificate, which can tell nobody how it is.
victim_is_enrolling() {
    victim_host=n2 victim_tag=enrol victim_ask=() victim_mac=$n2_mac known=
}
victim_is_agent

# The attacker's program, from the attacker's host.
attack() { # [OPTION...] COMMAND...
    host_in evil "$attacker" -i eth1 -v "$victim_mac" "$@"
}

# One attack. Wishes are those of victim.py; "--" ends them. How the victim stood after the row before is
# how it stands before this one, so what happens between them must not move anything either.
row() { # TITLE WISH... -- COMMAND...
    local title=$1 wishes=() base=$test_dir/baseline-$victim_tag
    shift
    while [ "$1" != -- ]; do
        wishes+=("$1")
        shift
    done
    shift
    if [ -z "$known" ]; then
        victim_asked "$title"
        "$victim_py" snapshot "$test_dir/before" "${victim[@]}"
        [ -e "$base" ] || cp "$test_dir/before" "$base"
    fi
    "$@" > "$test_dir/output" 2>&1 || failed "$title: $* said: $(tail -n 3 "$test_dir/output")"
    sleep 0.1
    victim_asked "$title"
    "$victim_py" row "$title" "$base" "$test_dir/before" "$test_dir/output" "$test_dir/after" \
        "${victim[@]}" "${wishes[@]}" || failures=$((failures + 1))
    mv "$test_dir/after" "$test_dir/before"
    known=true
}

# An attack in the background, and a command of an admin's (`admin`: root) meanwhile that must be
# answered in time; at the second try where the machine is busy.
meanwhile() { # TITLE SECONDS COMMAND... -- OPTION... ATTACK...
    local title=$1 limit=$2 command=() try begin took code rate
    known=
    shift 2
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    shift
    for try in first second; do
        : > "$test_dir/evil/meanwhile.log"
        host_start evil meanwhile "$attacker" -i eth1 -v "$victim_mac" "$@"
        wait_for 30 grep -q '^begin' "$test_dir/evil/meanwhile.log" || failed "$title: no attack"
        sleep 0.3
        begin=$(date +%s%N)
        mvctl_as mgmt "${admin:-root}" --timeout 10s "${command[@]}" > "$test_dir/connect" 2>&1
        code=$?
        took=$(seconds_since "$begin")
        host_kill evil meanwhile
        rate=$(sed -n 's/^rate/; frames a second:/p' "$test_dir/evil/meanwhile.log")
        if [ $code -eq 0 ] && awk "BEGIN { exit !($took <= $limit) }"; then
            passed "$title: answered after $took s$rate"
            return
        fi
        echo "        $try try: exit code $code after $took s$rate"
    done
    failed "$title: not within $limit s: $(tail -n 2 "$test_dir/connect")"
}

# The end of each test: everybody is still there, nobody's domains changed.
attack_end() { # [GAP]
    witness_end "$@"
    equal "changes in the node's audit log" "$(cat "$test_dir/changes" 2> /dev/null || echo 0)" \
        "$(cat "$test_dir"/n1/state/audit.log* 2> /dev/null | grep -c '"verb":"pin".*"result":"ok"')"
    expect "the aggregator still has the node" 0 "n1 .*up" \
        mvctl_local mgmt root --aggregator agg1 nodes
    equal "reports of a sanitizer" "" \
        "$(grep -l -E 'ERROR: .*Sanitizer|runtime error' "$test_dir"/*/*.log)"
    finish
}
