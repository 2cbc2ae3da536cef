# SPDX-License-Identifier: Apache-2.0
"""StatsFrames into records, from section 10 of proto/SPECIFICATION.md and mvmp.proto."""

from protobuf import last, packed, read

DOMAIN = 4  # kinds from here on have the UUID of a domain in their key


def bit(bits, n):
    return bits[n // 8] >> n % 8 & 1


def keys(group, kind, count):
    domains, index = last(group, 3, b""), packed(group, 5)
    runs = packed(group, 4)
    uuids = [domains[i:i + 16] for i in range(0, len(domains), 16)]
    owner = []
    for i, uuid in enumerate(uuids):
        owner += [uuid] * (runs[i] if runs else 1)
    if kind < DOMAIN:
        owner = [b""] * count
    index = index * count if len(index) == 1 else index or [0] * count
    if not len(owner) == len(index) == count:
        raise ValueError("keys do not fit the count")
    return list(zip(owner, index))


def column_values(column, count):
    """What each record has: a number, None (not known), or "unsupported"."""
    values, present = packed(column, 2), last(column, 3, b"")
    signed, shift, unsupported = last(column, 5), last(column, 6), last(column, 4, b"")
    decode = (lambda v: v >> 1 ^ -(v & 1)) if signed else (lambda v: v << shift)
    has = [bool(values) and (not present or bool(bit(present, i))) for i in range(count)]
    if len(values) == 1:
        values = values * sum(has)
    if values and len(values) != sum(has):
        raise ValueError("values do not fit the bitmap")
    rest = iter(values)
    out = [decode(next(rest)) if known else None for known in has]
    for i in range(count):
        if out[i] is None and unsupported and (unsupported == b"\xff" or bit(unsupported, i)):
            out[i] = "unsupported"
    return out


class Sample:
    """Filled by the frames of one sample, in their order."""

    def __init__(self):
        self.records = {}  # kind: {key: {"metrics": {}, "texts": {}}}
        self.simulated = False

    def take(self, data):
        frame = read(data)
        self.number, self.simulated = last(frame, 5), bool(last(frame, 4) & 4)
        for data in frame.get(11, []):
            self.take_group(read(data))
        return bool(last(frame, 4) & 1)

    def take_group(self, group):
        kind, count = last(group, 1), last(group, 2)
        table = self.records.setdefault(kind, {})
        found = [table.setdefault(key, {"metrics": {}, "texts": {}})
                 for key in keys(group, kind, count)]
        for data in group.get(9, []):
            column = read(data)
            for record, value in zip(found, column_values(column, count)):
                if value is not None:
                    record["metrics"][last(column, 1)] = value
        for data in group.get(10, []):
            column = read(data)
            values = column.get(2, [])
            values = values * count if len(values) == 1 else values
            for record, value in zip(found, values):
                record["texts"][last(column, 1)] = value.decode()
