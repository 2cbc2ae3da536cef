#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an attack did to a daemon: its drop counters, log, memory and CPU before and after.

victim.py snapshot FILE LINK_JSON LOG PID   PID: the daemon's first process; its children count
victim.py row TITLE BASELINE BEFORE OUTPUT AFTER LINK_JSON LOG PID [WISH...]
    A snapshot after an attack, compared with those at the start of the test and before the attack.
    OUTPUT: what the attacker printed; its lines "expect VERDICT COUNT" are wishes as well.
    WISH: NAME=N, NAME>=N, NAME<=N, NAME=any (NAME: a drop or counter of `show link`; got: frames
    that the attacker was sent; amplification: the longest answer by its question; ratio: bytes that
    came by bytes that went; log: bytes; grown: KiB of PSS over the baseline);
    lossy: a flood, of which the node sees as much as it can: counts are upper bounds. Else they may fall
    short by what the ring of received frames had no room for.
    Drops without a wish must not have moved. Prints one row; exit code 1 and what is wrong when
    a wish is not met.
"""
import json
import math
import operator
import os
import re
import sys

COLUMNS = "%-44s %9s %9s %7s %7s %7s %7s %8s %6s  %s"
ALWAYS = {"log": ("<=", 4096), "amplification": ("<=", 1), "ratio": ("<=", 1),
          "grown": ("<=", int(os.environ.get("VICTIM_GROWN_KIB", "4096")))}


def processes(pid):
    found = [pid]
    for at in found:
        try:
            for task in os.listdir(f"/proc/{at}/task"):
                with open(f"/proc/{at}/task/{task}/children") as file:
                    found += [int(child) for child in file.read().split()]
        except OSError:
            pass
    return found


def value(path, name):
    """KiB of a line like "Pss:   1234 kB"."""
    try:
        with open(path) as file:
            for line in file:
                if line.startswith(name):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def cpu_ms(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0


def snapshot(path, link, log, pid):
    pids = processes(int(pid))
    with open(link) as file:
        item = json.load(file)["items"][0]
    taken = {
        "drops": item["drops"],
        "counters": item["counters"],
        "overrun": sum(each["receive_drops"] for each in item["links"]),
        "log": os.path.getsize(log),
        "pids": pids,
        "pss": sum(value(f"/proc/{p}/smaps_rollup", "Pss:") for p in pids),
        "peak": sum(value(f"/proc/{p}/status", "VmHWM:") for p in pids),
        "rss": sum(value(f"/proc/{p}/status", "VmRSS:") for p in pids),
        "cpu": sum(cpu_ms(p) for p in pids),
    }
    for p in pids:  # the peak begins anew: proc(5), clear_refs
        try:
            with open(f"/proc/{p}/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            pass
    with open(path, "w") as file:
        json.dump(taken, file)


def printed(output):
    """What the attacker tells of itself."""
    told = {"got": 0, "sent": 0, "amplification": 0.0, "ratio": 0.0, "rate": 0}
    wishes = {}
    with open(output) as file:
        for line in file:
            words = line.split()
            if line.startswith("expect "):
                wishes[words[1]] = ("=", int(words[2]))
            elif line.startswith(("got ", "sent ")):
                told[words[0]] += int(words[3])
            elif line.startswith("amplification bytes "):
                told["ratio"] = float(words[-1])
            elif line.startswith("amplification "):
                told["amplification"] = max(told["amplification"], float(words[-1]))
            elif line.startswith("rate "):
                told["rate"] = int(words[1])
    return told, wishes


def moved(before, after, kind):
    names = set(before[kind]) | set(after[kind])
    deltas = {n: after[kind].get(n, 0) - before[kind].get(n, 0) for n in names}
    return {name: delta for name, delta in deltas.items() if delta}


def meets(found, sign, wanted, overrun):
    """What the ring of received frames had no room for cannot have been counted."""
    if wanted == "any":
        return True
    if sign == "=" and overrun:
        return wanted - overrun <= found <= wanted
    return {"=": operator.eq, ">=": operator.ge, "<=": operator.le}[sign](found, wanted)


def compare(title, baseline_path, before_path, after_path, output, words):
    with open(baseline_path) as file:
        baseline = json.load(file)
    with open(before_path) as file:
        before = json.load(file)
    with open(after_path) as file:
        after = json.load(file)
    told, wishes = printed(output)
    overrun = math.inf if "lossy" in words else after["overrun"] - before["overrun"]
    for word in words:
        wish = re.fullmatch(r"([a-z_]+)(>=|<=|=)([0-9.]+|any)", word)
        if wish:
            wanted = wish[3] if wish[3] == "any" else float(wish[3])
            wishes[wish[1]] = (wish[2], wanted)
        elif word != "lossy":
            sys.exit(f"victim: what is {word}?")
    drops = moved(before, after, "drops")
    facts = {**dict.fromkeys(wishes, 0), **moved(before, after, "counters"), **drops,
             "got": told["got"], "amplification": told["amplification"], "ratio": told["ratio"],
             "log": after["log"] - before["log"], "grown": after["pss"] - baseline["pss"]}
    wrong = [f"{name} {facts[name]:g}, wanted {sign}{wanted}"
             for name, (sign, wanted) in {**ALWAYS, **wishes}.items()
             if not meets(facts[name], sign, wanted, overrun)]
    wrong += [f"{name} moved by {delta}" for name, delta in drops.items() if name not in wishes]
    if set(before["pids"]) != set(after["pids"]):
        wrong.append(f"processes {before['pids']} are {after['pids']} now")
    print(COLUMNS % (title[:44], told["sent"], told["rate"], told["got"],
                     f"{told['amplification']:.2f}", after["pss"], after["peak"],
                     after["cpu"] - before["cpu"], facts["log"],
                     " ".join(f"{n}+{d}" for n, d in sorted(drops.items())) or "-")
          + (f" (overrun {after['overrun'] - before['overrun']})"
             if after["overrun"] > before["overrun"] else ""))
    for text in wrong:
        print(f"        wrong: {text}")
    return 1 if wrong else 0


def main():
    if sys.argv[1] == "snapshot":
        snapshot(*sys.argv[2:6])
        return 0
    if sys.argv[1] == "heading":
        print(COLUMNS % ("attack", "sent", "per s", "answers", "amplif", "PSS_KiB", "peak_KiB",
                         "CPU_ms", "log_B", "drops"))
        return 0
    title, baseline, before, output, after = sys.argv[2:7]
    snapshot(after, *sys.argv[7:10])
    return compare(title, baseline, before, after, output, sys.argv[10:])


sys.exit(main())
