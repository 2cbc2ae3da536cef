# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Compares what MVMP tells about a guest's VIF and VBD with what the guest itself counts, over
# a known workload. Sourced after bed.sh; the caller defines
#   figures_mvctl ARGUMENTS...    runs mvctl for the guest's node
#
#   figures_compare HOST DOMAIN PEER-IP     prints a table; 1 if a figure differs

# The youngest and the oldest record of the guest, in ms of age now.
figures_age() { # DOMAIN KIND
    figures_mvctl --json show "$2" 2> /dev/null |
        "$bed_here/../lib/field.py" "domain=$1" age_ms 2> /dev/null
}

figures_fresh() { # DOMAIN QUIET-SINCE (ms)
    local kind age
    for kind in vifs vbds; do
        age=$(figures_age "$1" $kind)
        [[ $age =~ ^[0-9.]+$ ]] && [ "${age%.*}" -lt $(($(date +%s%N) / 1000000 - $2 - 500)) ] || return 1
    done
}

# Waits until both kinds were sampled after now, then keeps them and the guest's own counters.
figures_take() { # FOLDER HOST DOMAIN
    local now
    now=$(($(date +%s%N) / 1000000))
    mkdir -p "$1"
    echo "$3" > "$1/domain"
    bed_say "$2" "$3" stat > "$1/guest" || return 1
    wait_for 40 figures_fresh "$3" "$now" || {
        echo "no fresh figures of $3 within 40 s" >&2
        return 1
    }
    figures_mvctl --json show vifs > "$1/vifs.json" && figures_mvctl --json show vbds > "$1/vbds.json"
}

figures_compare() { # HOST DOMAIN PEER-IP
    local folder=$HOSTS_DIR/figures
    rm -rf "$folder"
    figures_take "$folder/before" "$1" "$2" || return 1
    bed_say "$1" "$2" ping 200 "$3" 1000 && bed_say "$1" "$2" read 40 64 &&
        bed_say "$1" "$2" write 40 16 || return 1
    figures_take "$folder/after" "$1" "$2" || return 1
    "$bed_here/figures.py" "$folder/before" "$folder/after"
}
