#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fields of one item of a `mvctl --json` document on stdin, blank-separated.

field.py WHERE FIELD...    WHERE: "name=web-01,index=0", or "" for the only item, or "*" for all
Exit code 1 when no item or several match (none for "*"). Missing fields print as "missing".
"""
import json
import os
import sys


def text(value):
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"))
    return {None: "null", True: "true", False: "false"}.get(value, str(value)) \
        if not isinstance(value, (int, float)) or isinstance(value, bool) else str(value)


def main():
    where, fields = sys.argv[1], sys.argv[2:]
    items = json.load(sys.stdin)["items"]
    if where != "*":
        pairs = [pair.split("=", 1) for pair in where.split(",") if pair]
        items = [i for i in items if all(text(i.get(k, "missing")) == v for k, v in pairs)]
        if len(items) != 1:
            print(f"field: {len(items)} items with {where}", file=sys.stderr)
            return 1
    for item in items:
        print(" ".join(text(item.get(field, "missing")) for field in fields))
    return 0 if items else 1


try:
    sys.exit(main())
except BrokenPipeError:
    os._exit(0)  # the reader has what it wanted
