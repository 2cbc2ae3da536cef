#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes seeds of the targets whose inputs have a structure that chance finds slowly.

Run by hand when a target's input changes: tests/fuzz/make-corpus.py. The rest of the corpus was
found by fuzzing (scripts/fuzz -m) or belongs to a mistake that was mended; its names say which.
"""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def text(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def packed(field, *values):
    return text(field, b"".join(varint(v) for v in values))


# ---- stats (proto/message/mvmp.proto) ----

UUID = bytes.fromhex("4d560000000040008000000000000001")


def group(kind, domain=False):
    columns = b"".join(text(9, number(1, metric) + packed(2, 1000 * metric + 7)) for metric in range(6))
    names = text(10, number(1, 0) + text(2, "web-07"))
    return text(11, number(1, kind) + number(2, 1) + (text(3, UUID) if domain else b"") +
                packed(5, 0) + columns + names)


def stats_frame(sequence=1, kinds=(0,), subscription=1):
    head = number(1, subscription) + number(2, sequence) + number(3, 1000) + number(4, 1)
    head += number(5, sequence) + number(6, 1_800_000_000 * 10**9) + number(7, 10**9 * sequence)
    head += text(8, bytes([1]) * 16) + text(9, bytes([2]) * 16) + number(10, sum(1 << k for k in kinds))
    return head + b"".join(group(k, k >= 4) for k in kinds)


def sample_answer(kinds):
    return (text(1, stats_frame(2, kinds)) + text(2, stats_frame(1, kinds)) +
            text(4, text(1, "pmu") + text(3, "no PMU")))


# ---- answers: command, format, then length, status, body ----

def answer(body, status=0):
    return struct.pack("<HB", len(body), status) + body


COUNTER = text(1, "beacons") + number(2, 7)
ANSWERS = {
    8: [sample_answer((0, 1, 2)), text(1, text(1, "eth1") + text(2, b"\2\0\0\0\0\1") + number(3, 1500)) +
        text(2, COUNTER) + text(3, COUNTER) + number(4, 10**12) + text(5, "0.1.0")],
    9: [text(1, text(1, "eth1") + text(2, b"\2\0\0\0\0\1")) + text(2, COUNTER) + text(3, COUNTER)],
    10: [text(1, number(1, 4) + text(2, "web-07 vCPU 0 pin") + text(3, "4") + text(4, "0-3") +
              number(5, 1) + text(6, "ada"))],
    11: [text(1, number(1, 10**18) + text(2, "ada") + number(3, 204) + text(4, "pin") +
              text(5, "web-07 0 4") + text(6, "ok") + text(8, UUID))],
    12: [text(1, "/var/lib/mvmp") + number(2, 9) + number(3, 10**6) + text(7, "no space left")],
    13: [text(1, text(1, "n1") + text(2, b"\2\0\0\0\0\1") + text(3, "00000001") + number(4, 1) +
              number(9, 1) + text(11, "simulated"))],
    14: [text(1, UUID) + text(2, "web-07") + text(4, "any") + text(5, "4") + text(6, "4")],
    15: [text(1, "pin") + number(2, 8) + text(3, "still running")],
    16: [number(1, 1_800_000_000) + number(2, 10) +
         text(3, struct.pack("<4d", 1.0, float("nan"), -3.5, 1e300)) + text(4, "bit/s") +
         text(5, "web-07 received")],
    18: [text(1, b"\x89PNG") + number(2, 400) + number(3, 200) +
         text(7, text(1, "CPU busy") + text(2, "%") + varint(3 << 3 | 1) + struct.pack("<d", 41.2))],
}
ANSWERS[17] = ANSWERS[16]


def make_answers():
    for view in range(8):
        write("answers", f"view-{view}", bytes([view, 0]) + answer(sample_answer((0, 1, 2, 4, 5, 6, 7))))
    for command, bodies in ANSWERS.items():
        for style in (0, 1):
            write("answers", f"command-{command}-{style}",
                  bytes([command, style]) + b"".join(answer(b) for b in bodies))
    frames = b"".join(struct.pack("<H", len(f)) + f for f in (stats_frame(n, (0, 4)) for n in (1, 2, 3)))
    write("answers", "follow", bytes([19, 0]) + answer(number(1, 1000)) + frames)
    perf = number(1, 10**9) + packed(2, 0, 1) + text(
        3, text(1, "cycles") + number(2, 30) + packed(3, 10, 20) + text(5, "PMU"))
    write("answers", "counters", bytes([21, 0]) + perf)
    write("answers", "arrays", bytes([22, 0]) + perf)


# ---- aggregator: steps ----

def make_aggregator():
    frame = stats_frame(5, (0, 4, 6))
    lie = struct.pack("<BBH", 2, 0, len(sample_answer((0, 4)))) + sample_answer((0, 4))
    stats = struct.pack("<BH", 4, len(frame)) + frame
    ask = b"".join(struct.pack("<BBH", 7, verb, 0) for verb in range(7))
    entity = text(1, "bad/web-07/vif0") + text(2, "rx")
    asks = struct.pack("<BBH", 7, 2, len(entity)) + entity
    current = text(1, "bad") + text(2, number(1, 255) + number(2, 1))
    asks += struct.pack("<BBH", 7, 1, len(current)) + current
    write("aggregator", "lies-then-asked", lie + b"\0\xff" + stats + b"\0\x80" + ask + asks)
    write("aggregator", "honest-frames", b"\0\xff" + b"\6\0\x64" * 6 + stats * 3 + ask)
    write("aggregator", "errors", b"".join(bytes([2, status, 0, 0, 0, 200]) for status in range(19)))


# ---- live: who is bad, then steps ----

def make_live():
    ping = bytes([9, 3, 4, 0]) + text(1, "hi")
    requests = b"".join(bytes([9, verb, 6, 0]) + number(1, 255) + text(2, "x") + b"\0\x14"
                        for verb in (1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23, 24, 32))
    gap = bytes([6, 1, 0]) + struct.pack("<II", 64, 0) + bytes([8, 1]) + b"fragment"
    overlap = bytes([6, 0, 0]) + struct.pack("<II", 8, 4) + bytes([8, 1]) + b"overlaps"
    ack = bytes([7, 0, 128]) + struct.pack("<HHB", 10, 3, 2) + b"\xff\x01"
    greedy = b"".join(bytes([6, n, n]) + struct.pack("<II", 1 << 20, 0) + bytes([8, 1]) + b"a piece."
                      for n in range(12))
    record = bytes([4, 1, 8, 0]) + b"12345678" + bytes([4, 5, 1, 0, 0])
    stats = stats_frame(1, (0,))[:255]
    stats = bytes([3, len(stats), 0]) + stats
    for bad in (0, 1):
        write("live", f"requests-{bad}", bytes([bad]) + ping + requests + b"\1\2" + requests)
        write("live", f"fragments-{bad}", bytes([bad]) + gap + overlap + b"\0\3" + gap + ack + b"\0\x32")
        write("live", f"greedy-{bad}", bytes([bad]) + greedy + b"\0\x14")
        write("live", f"records-{bad}", bytes([bad]) + record + b"\1\5" + stats + bytes([11, 0, 40]) + ping)
        write("live", f"honest-{bad}", bytes([bad]) + bytes([10, 16, 10, 3, 10, 20, 0, 50, 10, 22]) + ack)


# ---- sequence: seed, kind, then steps of what and how ----

def make_sequence():
    run, seconds, minutes, impair, kill, start = 0, 2, 3, 4, 5, 6
    partition, wall, link, begin, use = 7, 8, 9, 10, 12
    ask = bytes([begin, 0x02, begin, 0x07, run, 50])
    bad_day = bytes([impair, 0x05]) + ask + bytes([kill, 0, run, 200, start, 0, seconds, 30]) + ask
    bad_day += bytes([partition, 0x11, seconds, 50, partition, 0x01]) + ask + bytes([impair, 0xB3]) + ask
    write("sequence", "restart-partition-loss", bytes([1, 0]) + bad_day + bytes([seconds, 60]))
    write("sequence", "renewal", bytes([2, 0]) + ask + bytes([minutes, 255, minutes, 255]) + ask)
    write("sequence", "clocks", bytes([3, 0]) + ask + bytes([wall, 30]) + ask + bytes([wall, 256 - 2]) + ask)
    write("sequence", "links", bytes([4, 0]) + ask + bytes([link, 0x92, seconds, 10, link, 0x72]) + ask)
    pins = bytes([begin, 0x42, begin, 0x46, run, 3, kill, 0, start, 0]) + ask + bytes([begin, 0x82])
    write("sequence", "pins", bytes([5, 0]) + pins + bytes([seconds, 100]))
    bare = bytes([begin, 0x06, run, 20])
    for size in (0, 2, 7, 15):
        bare += bytes([use, size << 4 | 0, use, size << 4 | 1, run, 1])
    write("sequence", "messages", bytes([6, 1]) + bare)
    heavy = bytes([begin, 0x06, run, 20, impair, 0x37])
    for size in (9, 12, 15, 11, 14, 13, 10):
        heavy += bytes([use, size << 4 | 0, use, size << 4 | 1, run, 15, use, 0x30, run, 5])
    write("sequence", "messages-in-storm", bytes([8, 1]) + heavy * 2 + bytes([seconds, 100]))
    write("sequence", "messages-lost", bytes([7, 1]) + bytes([impair, 0x16]) + bare + bytes([seconds, 20]) +
          bare + bytes([use, 0x0C]))


# ---- the rest ----

def make_small():
    for name, value in {"mac": "0c:c4:7a:77:f9:af", "uuid": "4d560000-0000-4000-8000-000000000001",
                        "roles": "node,observer,admin", "name": "r1-n01.lab", "steering": "a\x1b[31m\u009b"}.items():
        write("texts", name, value.encode())
    write("nodeset", "ranges", b"r1-n[01-16],r2-*,^r1-n07,a[1-2]b[3-4]")
    write("cpuset", "list", b"0-3,8,1023")
    for name, value in {"ago": "-6h", "stamp": "@1763600000", "calendar": "2026-11-20T10:00:30Z",
                        "span": "250ms", "config": "# x\ninterface = eth1 # y\n"}.items():
        write("words", name, value.encode())
    mac = bytes([2, 0, 0, 0, 0, 1])
    write("ethernet", "untagged", mac + bytes([2, 0, 0, 0, 0, 2]) + b"\x88\xb5" + bytes(46))
    write("ethernet", "tagged", mac + bytes([2, 0, 0, 0, 0, 2]) + b"\x81\0\0\x64\x88\xb6" + bytes(46))
    write("ethernet", "interface", b"eth1@100/88b7,88b8")
    news = struct.pack("<BxHiII", 0, 1, 3, 0, 0) + struct.pack("<HH", 10, 1) + bytes(8) + struct.pack("<HHI", 8, 4, 9000)
    news = struct.pack("<IHHII", 16 + len(news), 16, 0, 0, 0) + news
    write("netlink", "new-mac-and-mtu", bytes([len(news)]) + news)
    write("unix_link", "packets", bytes([2]) + bytes(80) + bytes([1]) + b"\1" + bytes(39) + bytes([1]) + b"\2" + bytes(39))
    write("uevent", "new-generation", b"change@/devices/vmgenid\0ACTION=change\0NEW_VMGENID=1\0")
    write("tickets", "one-of-another", b"mvmp tickets v1\n" + bytes(range(48)))
    wish = (b'{"number":4,"domain":"4d560000-0000-4000-8000-000000000001","name":"web-07","vcpu":0,'
            b'"emulator":false,"cpus":"0-3","who":"ada","serial":204,"wall_ns":1}')
    write("wishes", "file-and-log", b'{"next":5,"wishes":[' + wish + b']}\n\0' + wish + b"\n" +
          b'{"forgotten":true,"domain":"4d560000-0000-4000-8000-000000000001","vcpu":0,"emulator":false}\n')
    write("audit", "lines", b'{"wall_ns":1,"who":"ada","serial":4,"verb":"pin","arguments":"","result":"ok",'
          b'"text":"","operation":""}\n' * 2 + b'{"torn')
    write("index", "two-files", b"# mvmp index v1\nnode.rrd\tnode\t0\t-\t00000000000000ff\t1800000000000\t0\tn1\n"
          b"dom/vif0.rrd\tvif\t0\t4d560000-0000-4000-8000-000000000001\t01\t5\t1\tvif0\n")
    write("index", "question", b"n1/web-07/vif0\nx\tdomain\t0\t4d560000-0000-4000-8000-000000000001\t01\t5\t0\tweb-07\n")
    write("rrdcached", "well", b"0 Go ahead.\n0 errors\n0 Successfully flushed\n0 gone\n")
    write("rrdcached", "refused", b"0 Go ahead.\n1 errors\n1 illegal attempt to update\n-1 No such file\n")
    done = struct.pack("<IQ", 9, 1) + struct.pack("<IHH", 0, 0, 0) + struct.pack("<I", 4) + b"four"
    late = struct.pack("<III", 6, 1, 5) + struct.pack("<IHH", 0, 0, 0) + b"hello"
    write("helper_client", "answers", b"\1" + struct.pack("<H", len(done)) + done + b"\0" + struct.pack("<H", len(late)) + late)
    stat = b"cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 5 1\nctxt 9\n"
    for place in (1, 7, 12, 20, 28, 40):
        write("procfs", f"cpu-lines-{place}", bytes([place]) + struct.pack("<H", len(stat)) + stat)
        write("procfs", f"empty-{place}", bytes([place, 0, 0, place + 3, 0, 0]))


def main():
    make_answers()
    make_aggregator()
    make_live()
    make_sequence()
    make_small()


if __name__ == "__main__":
    main()
