#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Counts the frames of a capture by EtherType and shows one of each. ethertypes.sh FILE
# Exit code 1 if there are others than MVMP's two (0x88b5 control, 0x88b6 stats) or none at all.
set -uo pipefail
tcpdump -e -n -q -r "$1" 2> /dev/null | awk '
    {
        type = "other"
        if (match($0, /0x88b[56]\)?/)) type = substr($0, RSTART, 6)
        if (!n[type]++) example[type] = substr($0, 1, 110)
    }
    END {
        printf "control 0x88b5: %d frames, stats 0x88b6: %d frames, anything else: %d\n",
            n["0x88b5"], n["0x88b6"], n["other"]
        for (type in example) print "  " example[type]
        exit n["other"] > 0 || !(n["0x88b5"] + n["0x88b6"])
    }'
