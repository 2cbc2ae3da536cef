#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The longest pause between the samples that `mvctl --jsonl stats node --follow` printed.

gaps.py SECONDS FILE    exit code 1 if there was one of SECONDS or more, or there are no samples
Times are the node's own uptime, so only samples that never came make a gap.
"""
import json
import sys

limit, path = float(sys.argv[1]), sys.argv[2]
times = []
with open(path) as file:
    for line in file:
        try:
            item = json.loads(line)
        except ValueError:
            continue
        if "uptime_ns" in item:
            times.append(item["uptime_ns"] / 1e9)
gaps = [b - a for a, b in zip(times, times[1:])]
longest = max(gaps, default=0)
print(f"samples {len(times)}, longest pause {longest:.2f} s")
sys.exit(0 if times and longest < limit else 1)
