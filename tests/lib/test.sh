# SPDX-License-Identifier: Apache-2.0
# The few words a test script is written in. Sourced by tests/*/*.test; a test's first comment
# says the behaviour, its exit code is 0, 1 or 77 (skipped, reason on the last line).
#
#   check TEXT COMMAND...          fails the test if the command fails
#   expect TEXT CODE REGEX COMMAND...   ... unless it exits with CODE (a regex) and what it printed on
#                                  stdout and stderr matches REGEX (extended, any line)
#   equal TEXT WANTED FOUND
#   skip REASON, finish

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$repo/tests/lib/hosts.sh"
. "$repo/tests/lib/cluster.sh"
failures=0

passed() { echo "ok      $*"; }
failed() {
    echo "FAILED  $*"
    failures=$((failures + 1))
}

check() { # TEXT COMMAND...
    local text=$1
    shift
    if "$@"; then passed "$text"; else failed "$text (exit code $?: $*)"; fi
}

expect() { # TEXT CODE REGEX COMMAND...
    local text=$1 code=$2 regex=$3 found
    shift 3
    output=$("$@" 2>&1 < /dev/null)
    found=$?
    if [[ $found =~ ^$code$ ]] && grep -E -q -e "$regex" <<< "$output"; then
        passed "$text"
        [ -z "$output" ] || head -n 3 <<< "$output" | sed 's/^/        | /'
    else
        failed "$text: exit code $found (wanted $code), wanted /$regex/, printed:"
        sed 's/^/        | /' <<< "$output"
    fi
}

equal() { # TEXT WANTED FOUND
    if [ "$2" = "$3" ]; then passed "$1: $3"; else failed "$1: $3 instead of $2"; fi
}

skip() {
    echo "$*"
    exit 77
}

# Ends the test: what the programs said goes below, for the reader of a failure.
finish() {
    local log
    if [ $failures -gt 0 ]; then
        for log in "$HOSTS_DIR"/*/*.log; do
            [ -s "$log" ] || continue
            echo "-- ${log#"$HOSTS_DIR"/}"
            tail -n 15 "$log"
        done
        echo "$failures failed"
        exit 1
    fi
    exit 0
}

# A folder for this test, gone at the end unless it failed or MVMP_KEEP is set.
test_begin() {
    [ "$(id -u)" -eq 0 ] || skip "needs root: it makes network namespaces"
    test_dir=$(mktemp -d "${TMPDIR:-/tmp}/mvmp-$(basename "$0" .test).XXXXXX")
    hosts_begin "$test_dir" || exit 1
    export XDG_CACHE_HOME=$test_dir/cache # tickets of mvctl
    trap test_end EXIT
    cluster_begin || exit 1
}

test_end() {
    local code=$?
    hosts_end
    if [ $code -eq 0 ] && [ -z "${MVMP_KEEP-}" ]; then
        rm -rf "$test_dir"
    else
        echo "kept: $test_dir"
    fi
    # What ran is reported even if a step of the script itself went wrong.
    exit $code
}
