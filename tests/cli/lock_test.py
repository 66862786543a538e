"""One process at a time writes a folder: lock_test.py PROGRAM all|runtime"""

import json
import os
import subprocess
import tempfile
import time
import unittest

from program import ALL, PROGRAM, Case, main, signet, write_data

RECIPE = """
[data]
set = "idx"
folder = "FOLDER/data"
[network]
layers = ["linear(outputs=8)", "batch-norm", "units", "linear(outputs=3)",
          "batch-norm"]
[train]
epochs = EPOCHS
batch = 20
"""


@unittest.skipUnless(ALL, "the build has no training commands")
class Locks(Case):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        self.run_folder = f"{self.folder}/run"
        write_data(f"{self.folder}/data")
        self.endless = self.recipe("endless", 100000)

    def recipe(self, name, epochs):
        path = f"{self.folder}/{name}.toml"
        with open(path, "w") as file:
            file.write(RECIPE.replace("FOLDER", self.folder)
                       .replace("EPOCHS", str(epochs)))
        return path

    def start(self, *arguments):
        process = subprocess.Popen(
            [PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

        def end():
            process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def train(self, *more):
        return self.start("train", self.endless, "--out", self.run_folder,
                          "--threads", 1, *more)

    def wait_for(self, condition, process):
        while not condition():
            self.assertIsNone(process.poll(), "ended too early")
            time.sleep(0.02)

    def refused(self, holder, command, result):
        self.assertEqual(result.returncode, 1, result.stderr)
        lines = [line for line in result.stderr.splitlines()
                 if not line.startswith("warning: ")]
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertIn(f"must be free, but process {holder.pid} on "
                      f"{os.uname().nodename} has it since 2", lines[0])
        self.assertIn(f": signet {command}", lines[0])

    def test_a_run_in_training_is_refused_to_other_writers(self):
        first = self.train("--set", "seed=5")
        checkpoint = f"{self.run_folder}/checkpoint.safetensors"
        self.wait_for(lambda: os.path.exists(checkpoint), first)
        command = f"train {self.endless} --out {self.run_folder}"
        for arguments in (["train", self.endless, "--out", self.run_folder],
                          ["train", "--resume", "--out", self.run_folder],
                          ["train", self.endless, "--out", self.run_folder,
                           "--overwrite"],
                          ["eval", self.run_folder],
                          ["report", self.run_folder],
                          ["report", self.run_folder, "--out",
                           f"{self.run_folder}/page.html"]):
            with self.subTest(arguments=arguments):
                self.refused(first, command, signet(*arguments))
        # Readers go on.
        for arguments in (["info", self.run_folder],
                          ["report", self.run_folder, "--out",
                           f"{self.folder}/page.html"],
                          ["export", self.run_folder, "--out",
                           f"{self.folder}/m.signet"]):
            result = signet(*arguments)
            self.assertEqual(result.returncode, 0, result.stderr)
        # The lock dies with its process.
        first.kill()
        first.communicate()
        for arguments in (["eval", self.run_folder],
                          ["report", self.run_folder]):
            result = signet(*arguments)
            self.assertEqual(result.returncode, 0, result.stderr)
        resumed = self.start("train", "--resume", "--out", self.run_folder)
        lock = f"{self.run_folder}/.lock"
        self.wait_for(lambda: os.path.getsize(lock) > 0, resumed)
        self.refused(resumed, "train ",
                     signet("train", "--resume", "--out", self.run_folder))

    def test_of_two_that_start_at_once_one_trains(self):
        both = [self.train("--seed", seed) for seed in (1, 2)]
        while all(process.poll() is None for process in both):
            time.sleep(0.02)
        loser = next(p for p in both if p.poll() is not None)
        winner = next(p for p in both if p is not loser)
        _, error = loser.communicate()
        self.refused(winner, "train ", subprocess.CompletedProcess(
            [], loser.returncode, "", error))
        self.wait_for(lambda: os.path.exists(
            f"{self.run_folder}/checkpoint.safetensors"), winner)
        seed = both.index(winner) + 1
        with open(f"{self.run_folder}/recipe.toml") as file:
            self.assertRegex(file.read(), rf"(?m)^seed = {seed}$")

    def test_evaluations_at_once_all_leave_their_records(self):
        recipe = self.recipe("short", 1)
        result = signet("train", recipe, "--out", self.run_folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        several = [self.start("eval", self.run_folder, "--seed", seed,
                              "--threads", 1) for seed in range(4)]
        for process in several:
            _, error = process.communicate()
            self.assertEqual(process.returncode, 0, error)
        with open(f"{self.run_folder}/results.json") as file:
            records = json.load(file)
        self.assertEqual(len(records), 1 + 3 * len(several))
        self.assertEqual({r["threads"] for r in records[1:]}, {1})

    def test_reproduce(self):
        records = f"{self.folder}/records"
        first = self.start("reproduce", "st-width-law", "--out", records)
        lock = f"{records}/.lock"
        self.wait_for(lambda: os.path.exists(lock) and os.path.getsize(lock),
                      first)
        self.refused(first, "reproduce st-width-law --out",
                     signet("reproduce", "noise-and-proxies", "--quick",
                            "--out", records))
        first.kill()
        first.communicate()
        result = signet("reproduce", "noise-and-proxies", "--quick", "--out",
                        records)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_resume_tells_of_other_threads(self):
        first = self.start("train", self.endless, "--out", self.run_folder,
                           "--threads", 2)
        self.wait_for(lambda: os.path.exists(
            f"{self.run_folder}/checkpoint.safetensors"), first)
        first.kill()
        first.communicate()
        resumed = self.start("train", "--resume", "--out", self.run_folder,
                             "--threads", 1)
        for line in resumed.stderr:
            if "trained with 2 threads and goes on with 1" in line:
                return
        self.fail("nothing was told")


if __name__ == "__main__":
    main()
