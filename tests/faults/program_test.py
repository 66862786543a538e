"""Commands killed, or refused, at a call that changes a file:
program_test.py PROGRAM all LIBRARY some|every"""

import csv
import errno
import itertools
import json
import os
import shutil
import sys
import tempfile
import unittest

from program import Case, main, signet, write_data

LIBRARY, WHICH = sys.argv[3:5]
KILL = 0
RECIPE = """
[data]
set = "idx"
folder = "FOLDER/data"
[network]
layers = ["linear(outputs=4)", "batch-norm", "units", "linear(outputs=3)",
          "batch-norm"]
[train]
epochs = 2
batch = 20
precision = "fp32"
"""


def lasting(path):
    """What two runs have in common: all but times."""
    with open(path, "rb") as file:
        content = file.read()
    if path.endswith("metrics.csv"):
        rows = list(csv.DictReader(content.decode().splitlines()))
        for row in rows:
            del row["seconds"]
        return rows
    if path.endswith(("report.html", ".lock")):
        return ""
    if path.endswith("noise-and-proxies.json"):
        record = json.loads(content)
        return {k: v for k, v in record.items() if k not in ("seconds", "time")}
    return content


def files_in(folder):
    return {os.path.relpath(os.path.join(at, name), folder):
            lasting(os.path.join(at, name))
            for at, _, names in os.walk(folder) for name in names}


class Faults(Case):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = os.path.realpath(cls.temporary.name)
        write_data(f"{cls.folder}/data", 60, 12)
        cls.recipe = f"{cls.folder}/r.toml"
        with open(cls.recipe, "w") as file:
            file.write(RECIPE.replace("FOLDER", cls.folder))
        cls.trained = f"{cls.folder}/trained"
        cls.call("train", cls.recipe, "--out", cls.trained, "--threads", 1)
        cls.model = f"{cls.folder}/trained.signet"
        cls.call("export", cls.trained, "--out", cls.model)

    @classmethod
    def call(cls, *arguments):
        result = signet(*arguments)
        assert result.returncode == 0, result.stderr

    def faulty(self, out, at, error, arguments):
        return signet(*arguments, LD_PRELOAD=LIBRARY,
                      SIGNET_FAULT=f"{at}:{error}:{out}",
                      SIGNET_FAULT_COUNT=f"{self.folder}/count")

    def try_calls(self, *arguments, finish=None, old=None, all_calls=False,
                  reader=None):
        """Runs the command into OUT with faults, and `finish` after each.
        `reader`, a command, must always find a state to read."""
        out = f"{self.folder}/out"
        arguments, finish, reader = (
            [str(a).replace("OUT", out) for a in command]
            for command in (arguments, finish or arguments, reader or []))

        def fresh():
            shutil.rmtree(out, ignore_errors=True)
            if old:
                shutil.copytree(old, out)
            else:
                os.mkdir(out)
        fresh()
        whole = self.faulty(out, 0, 0, arguments)
        self.assertEqual(whole.returncode, 0, whole.stderr)
        expected = files_in(out)
        with open(f"{self.folder}/count") as file:
            count = int(file.read())
        self.assertGreater(count, 3)
        errors = (KILL, errno.EIO, errno.ENOSPC)
        some = itertools.product(range(1, count + 1), errors)
        if WHICH == "some" and not all_calls:
            some = [(count // 4, KILL), (count // 2, KILL),
                    (count - 3, KILL), (count - 1, errno.EIO)]
        for at, error in some:
            with self.subTest(command=arguments, at=at, of=count, error=error):
                fresh()
                result = self.faulty(out, at, error, arguments)
                if error == KILL:
                    self.assertEqual(result.returncode, -9)
                elif result.returncode != 0:
                    last = result.stderr.splitlines()[-1] + "\n"
                    self.assertEqual(result.returncode, 1, last)
                    self.assertRegex(last, r"\A[a-z-]+: [^\n]+\n\Z")
                else:  # a call that does not matter
                    self.assertEqual(files_in(out), expected)
                if reader:
                    read = signet(*reader)
                    self.assertEqual(read.returncode, 0, read.stderr)
                after = signet(*finish)
                self.assertEqual(after.returncode, 0, after.stderr)
                left = files_in(out)
                self.assertEqual(sorted(left), sorted(expected))
                self.assertEqual(left, expected)

    def test_train(self):
        self.try_calls("train", self.recipe, "--out", "OUT/run", "--threads",
                       1, finish=["train", self.recipe, "--out", "OUT/run",
                                  "--threads", 1, "--resume"])

    def test_overwrite(self):
        self.try_calls("train", self.recipe, "--out", "OUT", "--threads", 1,
                       "--overwrite", "--seed", 3, old=self.trained,
                       reader=["info", "OUT"])

    def test_resume(self):
        """Killed behind the last checkpoint, before the record."""
        unfinished = f"{self.folder}/unfinished"
        shutil.copytree(self.trained, unfinished)
        os.remove(f"{unfinished}/results.json")
        self.try_calls("train", "--out", "OUT", "--threads", 1, "--resume",
                       old=unfinished, reader=["info", "OUT"])
        self.assertIn("results.json", files_in(f"{self.folder}/out"))

    def test_export(self):
        self.try_calls("export", self.trained, "--out", "OUT/m.signet",
                       "--c-array", "OUT/m.h")

    def test_reproduce(self):
        self.try_calls("reproduce", "noise-and-proxies", "--quick", "--out",
                       "OUT/records")

    def test_report(self):
        self.try_calls("report", "OUT", old=self.trained, all_calls=True)

    def test_embed(self):
        self.try_calls("embed", self.model, "--out", "OUT/m.h", all_calls=True)

    def test_run(self):
        self.try_calls("run", self.model, "--data", f"{self.folder}/data",
                       "--out", "OUT/classes.csv", all_calls=True)


if __name__ == "__main__":
    main()
