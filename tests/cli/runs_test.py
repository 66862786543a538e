"""Runs that are moved, renamed, read-only or not of one recipe:
runs_test.py PROGRAM all|runtime"""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from program import ALL, PROGRAM, Case, main, signet, write_data

RECIPE = """name = "tiny"
[data]
set = "idx"
folder = "data"
[network]
layers = ["linear(outputs=8)", "batch-norm", "units",
          "linear(outputs=3)", "batch-norm"]
[train]
epochs = 2
batch = 20
"""


def signet_in(folder, *arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], cwd=folder,
                          capture_output=True, text=True, timeout=120)


def make_home(home):
    """A folder with data, a recipe that names it by a relative path, and a
    run of it."""
    os.makedirs(home)
    write_data(f"{home}/data", 80, 30)
    with open(f"{home}/r.toml", "w") as file:
        file.write(RECIPE)
    result = signet_in(home, "train", "r.toml", "--out", "runs/a")
    assert result.returncode == 0, result.stderr


def read_only_commands(folder):
    """Ways to run a program that cannot write into `folder`, each a name and
    a prefix of the command."""
    script = (f'mount --bind "{folder}" "{folder}" && '
              f'mount -o remount,bind,ro "{folder}" && exec "$@"')
    mounted = ["bash", "-c", script, "bash"]
    ways = []
    for name, way in (("mount", ["unshare", "-m", *mounted]),
                      ("mount", ["unshare", "-rm", *mounted]),
                      ("user", ["setpriv", "--reuid=65534", "--regid=65534",
                                "--clear-groups"])):
        probe = ["bash", "-c", f'test -r "{folder}/recipe.toml" && '
                 f'test ! -w "{folder}" && "{PROGRAM}" --version']
        if name not in dict(ways) and shutil.which(way[0]) and subprocess.run(
                [*way, *probe], capture_output=True).returncode == 0:
            ways.append((name, way))
    return ways


@unittest.skipUnless(ALL, "the build has no training commands")
class Runs(Case):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = cls.temporary.name
        make_home(f"{cls.folder}/home")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def good(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def copy_of_home(self, name):
        home = f"{self.folder}/{name}"
        shutil.copytree(f"{self.folder}/home", home)
        return home

    def evaluate_export_and_run(self, cwd, run, data, *options):
        self.good(signet_in(cwd, "eval", run, *options))
        out = f"{self.folder}/moved.signet"
        self.good(signet_in(cwd, "export", run, "--out", out, *options))
        self.good(signet_in(cwd, "run", out, "--data", data))

    def test_trained_with_a_relative_folder(self):
        """A run evaluates from elsewhere, under any spelling of its path."""
        home = self.copy_of_home("relative")
        make_home(f"{home}/inner")
        inner, data = f"{home}/inner", f"{home}/inner/data"
        self.evaluate_export_and_run("/", f"{inner}/runs/a", data)
        self.good(signet_in(f"{inner}/runs", "eval", "a/"))
        self.good(signet_in(f"{inner}/runs/a", "eval", "."))
        # Alone, renamed, through a link.
        shutil.move(f"{inner}/runs/a", f"{home}/a run's name")
        self.evaluate_export_and_run(home, "a run's name", data)
        os.symlink("a run's name", f"{home}/link")
        self.evaluate_export_and_run("/", f"{home}/link", data)
        # Its recipe means the same elsewhere, and it goes on from there.
        self.good(signet_in("/", "train", f"{home}/link/recipe.toml", "--out",
                            f"{home}/again"))
        self.good(signet_in("/", "train", "--resume", "--out", f"{home}/link"))

    def test_run_and_data_moved_together(self):
        home = f"{self.folder}/together"
        make_home(home)
        shutil.move(home, f"{self.folder}/elsewhere")
        home = f"{self.folder}/elsewhere"
        for cwd, run in (("/", f"{home}/runs/a"), (f"{home}/runs", "a")):
            self.evaluate_export_and_run(cwd, run, f"{home}/data")
        self.good(signet_in("/", "train", "--resume", "--out",
                            f"{home}/runs/a"))

    def test_data_that_moved(self):
        home = f"{self.folder}/data-moved"
        make_home(home)
        run, moved = f"{home}/runs/a", f"{self.folder}/data elsewhere"
        shutil.move(f"{home}/data", moved)
        for command in (["eval", run], ["export", run, "--out", "never"],
                        ["train", "--resume", "--out", run]):
            result = signet_in(self.folder, *command)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertRegex(result.stderr, r"\Asignet: [^\n]*--data FOLDER\n")
        self.assertFalse(os.path.exists(f"{self.folder}/never"))
        self.evaluate_export_and_run(self.folder, run, moved, "--data",
                                     "data elsewhere")
        self.good(signet_in(self.folder, "train", "--resume", "--out", run,
                            "--data", "data elsewhere"))
        with open(f"{run}/results.json") as file:
            commands = [r["command"] for r in json.load(file)]
        self.assertIn(f"signet eval {run} --data 'data elsewhere' --seed 1",
                      commands)

    def test_only_test_files(self):
        home = self.copy_of_home("tests-only")
        data = f"{home}/data"
        for name in os.listdir(data):
            if name.startswith("train"):
                os.remove(f"{data}/{name}")
        self.evaluate_export_and_run("/", f"{home}/runs/a", data, "--data",
                                     data)
        self.good(signet("run", f"{self.folder}/moved.signet", "--data", data,
                         "--json"))
        result = signet_in(home, "train", "r.toml", "--out", "b")
        self.assertIn("must hold train-images-idx3-ubyte", result.stderr)

    def test_read_only_runs(self):
        home = self.copy_of_home("read-only")
        os.chmod(self.folder, 0o755)
        run, data = f"{home}/runs/a", f"{home}/data"
        os.chmod(run, 0o555)
        before = sorted(os.listdir(run))
        ways = read_only_commands(run)
        if not ways:
            self.skipTest("the sandbox has neither mounts nor other users")
        for name, way in ways:
            out = tempfile.mkdtemp(dir=self.folder)
            os.chmod(out, 0o777)

            def program(*arguments):
                return subprocess.run(
                    [*way, PROGRAM, *map(str, arguments)], cwd="/",
                    capture_output=True, text=True, timeout=120)

            for options in ([], ["--json"]):
                result = program("eval", run, "--data", data, *options)
                self.assertIn("accuracy", self.good(result))
                self.assertRegex(result.stderr, r"\Awarning: [^\n]* the "
                                 r"results are not recorded: [^\n]*\n\Z")
            model = f"{out}/a.signet"
            self.good(program("export", run, "--data", data, "--out", model))
            self.good(program("info", run))
            self.good(program("report", run, "--out", f"{out}/page.html"))
            self.good(program("bench", model, "--batch", "1"))
            self.good(program("train", f"{run}/recipe.toml", "--data", data,
                              "--from", run, "--out", f"{out}/b"))
            result = program("report", run)
            self.assertNotEqual(result.returncode, 0, name)
            self.assertRegex(result.stderr, r"\Asignet: [^\n]*--out FILE\n\Z")
            self.assertEqual(sorted(os.listdir(run)), before)

    def train_more(self, home):
        for name, options in (("b", ["--seed", "2"]),
                              ("c", ["--set", "train.estimator=reinforce"]),
                              ("d", ["--seed", "2", "--set",
                                     "train.estimator=reinforce"]),
                              ("e", ["--set", "train.epochs=1"])):
            self.good(signet_in(home, "train", "r.toml", "--out",
                                f"runs/{name}", *options))

    def test_means_are_over_runs_of_one_recipe(self):
        home = f"{self.folder}/groups"
        make_home(home)
        self.train_more(home)
        write_data(f"{home}/data2", 60, 40)
        self.good(signet_in(home, "train", "r.toml", "--data", "data2",
                            "--out", "runs/f"))
        runs = [f"runs/{name}" for name in "abcdef"]
        table = self.good(signet_in(home, "eval", *runs))
        report = json.loads(self.good(signet_in(home, "eval", *runs,
                                                "--samples", "2", "--json")))
        self.assertEqual(report["runs"], runs)
        self.assertNotIn("mode", report)
        groups = report["groups"]
        self.assertEqual([g["runs"] for g in groups],
                         [["runs/a", "runs/b"], ["runs/c", "runs/d"],
                          ["runs/e"], ["runs/f"]])
        self.assertEqual({key for g in groups for key in g["settings"]},
                         {"train.estimator", "train.epochs", "data.folder",
                          "epochs done"})
        self.assertEqual(groups[1]["settings"]["train.estimator"],
                         "'reinforce'")
        self.assertIn("data2", groups[3]["settings"]["data.folder"])
        self.assertEqual(table.count("mean +- standard error"), 2)
        self.assertIn("train.estimator = 'reinforce'", table)
        for group in groups:
            figure = group["mode"]["accuracy_percent"]
            values = figure["values"]
            self.assertEqual(len(values), len(group["runs"]))
            self.assertAlmostEqual(figure["mean"], sum(values) / len(values))
            self.assertEqual([e["samples"] for e in group["ensembles"]], [2])

        # One recipe: the figures also where they always were.
        report = json.loads(self.good(signet_in(home, "eval", "runs/a",
                                                "runs/b", "--json")))
        self.assertEqual(report["mode"], report["groups"][0]["mode"])
        self.assertEqual(report["ensembles"], [])
        self.assertEqual(report["groups"][0]["settings"], {})

    def test_a_run_counts_once(self):
        home = f"{self.folder}/once"
        make_home(home)
        os.symlink("a", f"{home}/runs/latest")
        result = signet_in(home, "eval", "runs/a", "runs/latest", "runs/a/",
                           "runs/./a", "--json")
        report = json.loads(self.good(result))
        self.assertEqual(report["runs"], ["runs/a"])
        self.assertEqual(result.stderr.count("it counts once"), 3)
        shutil.copytree(f"{home}/runs/a", f"{home}/runs/copy")
        result = signet_in(home, "eval", "runs/a", "runs/copy")
        self.good(result)
        self.assertIn("the same recipe and seed", result.stderr)

    def test_report_is_named_by_the_folder(self):
        home = self.copy_of_home("report")
        for cwd, run in ((f"{home}/runs/a", "."), (home, "runs/a/")):
            self.good(signet_in(cwd, "report", run))
            with open(f"{home}/runs/a/report.html") as file:
                self.assertIn("<title>a</title>", file.read())


if __name__ == "__main__":
    main()
