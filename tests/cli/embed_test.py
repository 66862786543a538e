"""The runtime in other people's programs:
embed_test.py PROGRAM all|runtime CLASSIFY SOURCE BUILD CMAKE GENERATOR

CLASSIFY is examples/classify.c as built; BUILD is a folder for what this test
builds itself, examples/firmware."""

import csv
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

from program import Case, main, signet, write_idx

CLASSIFY, SOURCE, BUILD, CMAKE, GENERATOR = sys.argv[3:8]
GOLDEN = f"{SOURCE}/tests/runtime/golden"
MODELS = sorted(name for name in os.listdir(GOLDEN)
                if name.endswith(".signet"))
EXAMPLES = 50


def run(*command, **options):
    return subprocess.run(list(map(str, command)), capture_output=True,
                          timeout=600, **options)


class Embedding(Case):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name

    def inputs_of(self, model):
        """(images as bytes, their classes as `signet run` says them)."""
        info = json.loads(signet("info", model, "--json").stdout)
        sizes = info["layers"][0]["shape"].split(" -> ")[0].split("x")
        *pixels, channels = map(int, sizes)
        shape = [channels, *pixels]
        size = math.prod(shape)
        rng = random.Random(2)
        images = bytes(rng.randrange(256) for _ in range(EXAMPLES * size))
        write_idx(f"{self.folder}/images", [EXAMPLES, *shape], images)
        out = f"{self.folder}/classes.csv"
        result = signet("run", model, "--data", f"{self.folder}/images",
                        "--out", out)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(out) as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), EXAMPLES)
        return images, [(int(row["class"]), row["name"]) for row in rows]

    def test_c_program_classifies_like_signet_run(self):
        for name in MODELS:
            model = f"{GOLDEN}/{name}"
            images, expected = self.inputs_of(model)
            with open(f"{self.folder}/raw", "wb") as file:
                file.write(images)
            for data in ("images", "raw"):
                for level in ([], ["scalar"]):
                    result = run(CLASSIFY, model, f"{self.folder}/{data}",
                                 *level, text=True)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    lines = [line.split(" ", 1) for line in
                             result.stdout.splitlines()]
                    self.assertEqual([(int(a), b) for a, b in lines], expected)

    def test_c_program_reports_errors(self):
        model = f"{GOLDEN}/{MODELS[0]}"
        for arguments, message in (
                (["no-such-file", model], "cannot be opened (file cannot be"),
                ([__file__, model], "not a signet model"),
                ([model, "no-such-file"], "cannot be read"),
                ([model, __file__], "must hold images of"),
                ([model, model, "sse9"], "valid here: scalar")):
            result = run(CLASSIFY, *arguments, text=True)
            self.assertEqual(result.returncode, 1)
            self.assertIn(message, result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1)

    def test_header_holds_the_bytes(self):
        model = f"{GOLDEN}/{MODELS[0]}"
        header = f"{self.folder}/my-2nd net.h"
        self.assertEqual(signet("embed", model, "--out", header).returncode, 0)
        with open(header) as file:
            text = file.read()
        self.assertIn("my_2nd_net_bytes[", text)
        with open(model, "rb") as file:
            expected = file.read()
        body = text[text.index("{"):text.index("};")]
        held = bytes(int(b, 16) for b in re.findall(r"0x([0-9a-f]{2})", body))
        self.assertEqual(held, expected)
        for compiler in (["cc", "-std=c99", "-pedantic"],
                         ["cc", "-std=c11", "-pedantic"],
                         ["c++", "-std=c++11", "-pedantic"]):
            language = "c" if compiler[0] == "cc" else "c++"
            result = run(*compiler, "-Wall", "-Werror",
                         "-Wno-unused-variable", "-x", language,
                         "-fsyntax-only", "-include", header, "/dev/null",
                         text=True)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.usage_error("embed", model, "--out", header, "--name", "2nd",
                         contains="identifier")
        self.usage_error("embed", __file__, "--out", header,
                         contains="not a signet model")

    def test_firmware_classifies_like_signet_run(self):
        """Builds it without exceptions and RTTI, the scalar level alone."""
        os.makedirs(BUILD, exist_ok=True)
        model = f"{GOLDEN}/{MODELS[-1]}"
        header = f"{BUILD}/model.h"
        self.assertEqual(signet("embed", model, "--out", header).returncode, 0)
        for step in (["--fresh", "-G", GENERATOR,
                      "-S", f"{SOURCE}/examples/firmware",
                      "-B", f"{BUILD}/build", "-D", f"MODEL_FOLDER={BUILD}"],
                     ["--build", f"{BUILD}/build"]):
            result = run(CMAKE, *step, text=True)
            self.assertEqual(result.returncode, 0,
                             result.stdout + result.stderr)
        program = f"{BUILD}/build/bin/firmware"
        if not os.path.exists(program):
            program = f"{BUILD}/build/firmware"
        images, expected = self.inputs_of(model)
        result = run(program, input=images)
        self.assertEqual(result.returncode, 0)
        self.assertEqual([int(line) for line in result.stdout.split()],
                         [number for number, _ in expected])
        print(f"firmware: {os.path.getsize(program)} bytes")


main()
