#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What proto/SPECIFICATION.md shows and lists is what the vectors, the code and the schema hold.
(Its limits and verbs are compared by tests/unit/session/test_limits.c.)"""

import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

REPO = pathlib.Path(__file__).resolve().parents[3]
TEXT = (REPO / "proto/SPECIFICATION.md").read_text()
SCHEMA = (REPO / "proto/message/mvmp.proto").read_text()
DISSECTOR = (REPO / "proto/wireshark/mvmp_fields.lua").read_text()
VECTORS = {name: bytes.fromhex(data) for name, data in (
    line.split() for line in (REPO / "tests/vectors/frames.txt").read_text().splitlines()
    if not line.startswith("#"))}


def source(path):
    return (REPO / path).read_text()


def section(title):
    """From the heading that begins with these words to the next one of its rank or above."""
    start = re.search(rf"^(#+) {re.escape(title)}.*$", TEXT, re.M)
    rest = TEXT[start.end():]
    end = re.search(rf"^#{{2,{len(start[1])}}} ", rest, re.M)
    return rest[:end.start()] if end else rest


def rows(text):
    """Cells of the rows of tables, without head and rule."""
    found = re.findall(r"^\| (.*) \|$", text, re.M)
    return [[cell.strip() for cell in row.split(" | ")] for row in found
            if not row.startswith("---")]


def plain(name):
    """What a DATA frame of the vectors has sealed."""
    frame = VECTORS[name]
    key = "key_to_node" if frame[4:8] == VECTORS["node_index"] else "key_to_ada"
    nonce = bytes(4) + frame[8:16][::-1]
    return AESGCM(VECTORS[key]).decrypt(nonce, frame[16:], frame[:16])


class Specification(unittest.TestCase):
    def test_examples(self):
        """The bytes of every example are those of the vector it names."""
        blocks = re.findall(r"^```hex (\w+)( \.\.\.)?\n(.*?)^```$", TEXT, re.M | re.S)
        self.assertGreaterEqual(len(blocks), 11)
        self.assertEqual(len(blocks), TEXT.count("```hex"))
        for name, only_begin, block in blocks:
            shown = b""
            for line in block.splitlines():
                shown += bytes.fromhex(re.match(r"([0-9a-f]{2} {1,2})*[0-9a-f]{2}(?= {2})|$",
                                                line)[0])
            if name.startswith("plain_"):
                wanted = plain(name[len("plain_"):])
            else:
                wanted = VECTORS[name]
            self.assertEqual(shown, wanted[:len(shown)] if only_begin else wanted, name)
            self.assertGreater(len(shown), 0, name)

    def test_vectors(self):
        """The vectors are what their maker makes."""
        names = ("frames.txt", "keylog.txt", "frames.pcap")
        with tempfile.TemporaryDirectory(prefix="mvmp-vectors.") as folder:
            maker = pathlib.Path(folder) / "make-frames.py"
            maker.write_text(source("tests/vectors/make-frames.py"))
            subprocess.run([sys.executable, maker], check=True)
            for name in names:
                self.assertEqual((REPO / "tests/vectors" / name).read_bytes(),
                                 (pathlib.Path(folder) / name).read_bytes(), name)

    def test_drops(self):
        """Every name that drops are counted under is told, and told in the receiver algorithm or
        where that points to; it names no other."""
        names = set(re.findall(r'= "([a-z]+)",', source("proto/base/verdict.c"))) - {"accepted"}
        self.assertEqual(len(names), 24)
        told = set(re.findall(r"`([a-z]+)`[,;):]", section("5. ") + section("6. ") +
                              section("11. ") + section("18. ")))
        self.assertEqual(names - told, set())
        in_algorithm = set(re.findall(r"`([a-z]+)`", section("11. "))) - {"mvctl"}
        self.assertEqual(in_algorithm - names, set())

    def test_statuses(self):
        """Status codes have the numbers and names of the code."""
        names = re.findall(r'\] = "([a-z-]+)"', source("proto/base/status.c"))
        told = dict((int(number), name) for number, name in
                    re.findall(r"\b(\d+) ([a-z-]+)[,.]", section("15. ")))
        self.assertEqual([told[i] for i in range(len(told))], names)
        lua = re.search(r"names\.statuses = \{(.*?)\}", DISSECTOR, re.S)[1]
        self.assertEqual(re.findall(r'"([a-z-]+)"', lua), names)

    def test_kinds(self):
        """The kinds' sizes are those of the code, and the dissector knows them all."""
        told = {row[1]: (int(row[0]), row[2]) for row in rows(section("4. ")) if len(row) == 6
                and row[0].isdigit()}
        code = dict(re.findall(r"\bMVMP_([A-Z]+) = (\d+),", source("proto/include/mvmp/frame.h")
                               .split("enum mvmp_frame_sizes")[0]))
        self.assertEqual({name: number for name, (number, _) in told.items()},
                         {name: int(number) for name, number in code.items()})
        lua = re.search(r"names\.kinds = \{(.*?)\}", DISSECTOR, re.S)[1]
        self.assertEqual({name: int(number) for number, name in
                          re.findall(r'\[(\d+)\] = "([A-Z]+)"', lua)},
                         {name: number for name, (number, _) in told.items()})
        rules = source("proto/wireshark/mvmp.lua")
        for number, size in told.values():
            least = size.split(" ")[0]
            self.assertRegex(rules, rf"\[{number}\] = \{{{least}, ", size)

    def test_verbs(self):
        """Every verb has a request and an answer that the schema defines; the dissector has the
        same."""
        numbers = {row[1]: int(row[0]) for row in rows(section("9. "))
                   if len(row) >= 4 and row[0].isdigit()}
        told = {row[0].strip("`"): [re.match(r"\w+", cell)[0] for cell in row[1:]]
                for row in rows(section("9.2 "))[1:]}
        self.assertEqual(set(told), set(numbers))
        for messages in told.values():
            for message in messages:
                self.assertIn(f"\nmessage {message} {{", SCHEMA)
        lua = re.findall(r'\[(\d+)\] = \{"([a-z-]+)", "(\w+)", "(\w+)"\}', DISSECTOR)
        self.assertEqual({name: (int(number), [request, answer])
                          for number, name, request, answer in lua},
                         {name: (numbers[name], messages) for name, messages in told.items()})

    def test_records(self):
        """Record types are those of the code and of the dissector."""
        told = {row[1]: int(row[0]) for row in rows(section("8.2 "))
                if len(row) == 4 and row[0].isdigit()}
        code = re.findall(r"MVMP_RECORD_([A-Z]+) = (\d+),", source("proto/session/record.h"))
        self.assertEqual(told, {name: int(number) for name, number in code
                                if name != "HEAD"})
        lua = re.search(r"names\.records = \{(.*?)\}", DISSECTOR, re.S)[1]
        known = {name: int(number) for number, name in re.findall(r'\[(\d+)\] = "([A-Z]+)"', lua)}
        self.assertLessEqual(told.items(), known.items())

    def test_names(self):
        """Every name of a limit that the text uses stands in the table, and every file it names is
        there."""
        table = {row[0].strip("`") for row in rows(section("12. "))}
        used = set(re.findall(r"`(MVMP_[A-Z0-9_]+)`", TEXT))
        self.assertEqual(used - table - {"MVMP_NODE_METRICS"}, set())
        for link in re.findall(r"\]\(([^)#]+)\)", TEXT):
            self.assertTrue((REPO / "proto" / link).exists(), link)
        for path in re.findall(r"`(tests/[\w./-]+)`", TEXT):
            self.assertTrue((REPO / path).exists(), path)

    def test_headings(self):
        """References to sections by number find them."""
        headings = set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)", TEXT, re.M))
        used = set(re.findall(r"\((\d+\.\d+)\)", TEXT)) - {"12.4"}  # Noise's own
        parts = [row for row in rows(section("17. "))[1:] if len(row) == 5]
        self.assertGreater(len(parts), 10)
        for row in parts:
            used |= set(row[1].split(", "))
        self.assertEqual(used - headings, set())
        self.assertEqual(struct.unpack("<H", VECTORS["frame_ping"][2:4])[0], 28)


if __name__ == "__main__":
    unittest.main()
