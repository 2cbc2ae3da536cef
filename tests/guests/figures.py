#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The change of a guest's VIF and VBD figures, as MVMP tells them and as the guest counts them.

figures.py BEFORE AFTER     folders with vifs.json and vbds.json (mvctl --json show) and guest
                            (the answer to `stat`), DOMAIN's name in the file `domain`
Prints a table; exit code 1 unless every change is equal and some traffic was counted.
"""
import json
import pathlib
import sys

VIF = ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes")
VBD = ("rd_reqs", "rd_sectors", "wr_reqs", "wr_sectors")


def told(folder, file, names):
    domain = (folder / "domain").read_text().strip()
    items = json.loads((folder / file).read_text())["items"]
    items = [item for item in items if item["domain"] == domain]
    if len(items) != 1:
        sys.exit(f"figures: {len(items)} items of {domain} in {file}")
    return {name: items[0][name] for name in names}


def counted(folder):
    values = {}
    for line in (folder / "guest").read_text().splitlines():
        words = line.split()
        values |= {k: int(v) for k, v in zip(words[1::2], words[2::2])}
    return values


def main():
    before, after = (pathlib.Path(word) for word in sys.argv[1:3])
    guest = {side: counted(side) for side in (before, after)}
    print(f"{'change of':<16}{'MVMP says':>14}{'guest counted':>16}")
    equal, moved = True, 0
    for label, file, names in (("VIF", "vifs.json", VIF), ("VBD", "vbds.json", VBD)):
        mvmp = {side: told(side, file, names) for side in (before, after)}
        for name in names:
            theirs = guest[after][name] - guest[before][name]
            ours = None
            if mvmp[before][name] is not None and mvmp[after][name] is not None:
                ours = int(mvmp[after][name]) - int(mvmp[before][name])
            equal &= ours == theirs
            moved += theirs
            print(f"{label} {name:<12}{'-' if ours is None else ours:>14}{theirs:>16}"
                  f"  {'equal' if ours == theirs else 'DIFFERENT'}")
    return 0 if equal and moved else 1


sys.exit(main())
