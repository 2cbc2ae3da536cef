#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums instructions by layer from what callgrind_annotate prints for a run of bench-instructions.

    callgrind_annotate --threshold=100 --auto=no FILE | layers.py REQUESTS
"""
import re
import sys

# The first that matches names the layer: libraries by their object, our code by its folder.
LAYERS = [
    ("crypto", r"libcrypto\.so|proto/crypto/"),
    ("protobuf", r"libprotobuf-c|mvmp\.pb-c"),
    ("rpc", r"proto/rpc/|proto/message/"),
    ("session", r"proto/session/"),
    ("base", r"proto/base/|proto/include/"),
    ("bench", r"tests/"),
    ("libc, ld.so", r"libc\.so|ld-linux"),
]
LINE = re.compile(r"^\s*([\d,]+) \([^)]*\)\s+(\S.*)$")


def layer_of(place):
    for name, pattern in LAYERS:
        if re.search(pattern, place):
            return name
    return "other"


def main():
    requests = int(sys.argv[1])
    sums = {name: 0 for name, _ in LAYERS} | {"other": 0}
    for line in sys.stdin:
        match = LINE.match(line)
        if match and "PROGRAM TOTALS" not in line:
            sums[layer_of(match[2])] += int(match[1].replace(",", ""))
    own = sum(count for name, count in sums.items() if name != "bench")
    shares = "  ".join(f"{name} {sums[name] / requests:.0f}"
                       for name in sums if name not in ("bench", "other") or sums[name] and name == "other")
    print(f"{own / requests:8.0f}   {shares}")


main()
