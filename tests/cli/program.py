"""What the tests of the program share. Each is run as
TEST.py PROGRAM all|runtime"""

import os
import random
import re
import struct
import subprocess
import sys
import unittest

PROGRAM = sys.argv[1]
ALL = sys.argv[2] == "all"
ONE_LINE = re.compile(r"\Asignet: [^\n]+\n\Z")


def signet(*arguments, **environment):
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], capture_output=True, text=True,
        timeout=120, env={**os.environ, **environment})


def write_idx(path, shape, values):
    with open(path, "wb") as file:
        file.write(bytes([0, 0, 8, len(shape)]))
        file.write(struct.pack(f">{len(shape)}I", *shape))
        file.write(bytes(values))


def write_data(folder, train=200, test=50):
    """6x6 images of 3 classes, brighter in the class's rows."""
    os.makedirs(folder)
    rng = random.Random(1)
    for prefix, size in (("train", train), ("t10k", test)):
        labels = [i % 3 for i in range(size)]
        pixels = [rng.randrange(160) + (90 if k // 6 % 3 == label else 0)
                  for label in labels for k in range(36)]
        write_idx(f"{folder}/{prefix}-images-idx3-ubyte", [size, 6, 6], pixels)
        write_idx(f"{folder}/{prefix}-labels-idx1-ubyte", [size], labels)


class Case(unittest.TestCase):
    def usage_error(self, *arguments, contains=""):
        result = signet(*arguments)
        self.assertEqual(result.returncode, 2, (arguments, result.stderr))
        # On a busy machine the check of the BLAS may warn.
        error = re.sub(r"\Awarning: [^\n]+\n", "", result.stderr)
        self.assertRegex(error, ONE_LINE)
        self.assertEqual(result.stdout, "")
        self.assertIn(contains, result.stderr)


def main():
    unittest.main(module="__main__", argv=sys.argv[:1])
