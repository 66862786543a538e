"""The program, from training to running: cli_test.py PROGRAM all|runtime"""

import json
import os
import re
import subprocess
import tempfile
import unittest

from program import (ALL, PROGRAM, Case, main, signet, write_data, write_idx)


class Program(Case):
    def test_needs_no_torch(self):
        libraries = subprocess.run(["ldd", PROGRAM], capture_output=True,
                                   text=True, check=True).stdout
        self.assertIn("libsignet_runtime", libraries)
        self.assertNotIn("torch", libraries)
        self.assertNotIn("c10", libraries)

    def test_version(self):
        result = signet("--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"\Asignet \d+\.\d+\.\d+\n\Z")

    def test_help_of_everything(self):
        listing = signet("--help")
        self.assertEqual(listing.returncode, 0)
        commands = re.findall(r"^  ([a-z]+)\s{2,}\S", listing.stdout, re.M)
        self.assertLessEqual({"run", "info", "report"}, set(commands))
        if ALL:
            self.assertLessEqual({"train", "eval", "export", "help"},
                                 set(commands))
        for command in commands:
            result = signet(command, "--help")
            self.assertEqual(result.returncode, 0, command)
            self.assertIn("--help", result.stdout)
            self.assertEqual(result.stderr, "")

    def test_usage_errors(self):
        self.usage_error(contains="--help")
        self.usage_error("rum", contains="did you mean 'run'")
        self.usage_error("run", "--dta", "x")
        self.usage_error("run")
        self.usage_error("info", "no-such-file", contains="no-such-file")
        self.usage_error("report", "/", contains="metrics.csv")

    def test_report_of_a_run_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            columns = ("epoch,step,rate,train_loss,train_accuracy,"
                       "validation_loss,validation_accuracy,test_loss,"
                       "test_accuracy,seconds\n")
            with open(f"{folder}/metrics.csv", "w") as file:
                file.write(columns)
            self.usage_error("report", folder, contains="first epoch")
            with open(f"{folder}/metrics.csv", "a") as file:
                file.write("1,10,0.1,1.5,0.5,,,1.4,0.55,2\n"
                           "2,20,0.1,1.2,0.6,,,1.1,0.65,2\n")
            with open(f"{folder}/recipe.toml", "w") as file:
                file.write('name = "fake"\n')
            result = signet("report", folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(f"{folder}/report.html") as file:
                page = file.read()
            self.assertIn("65.00 %", page)
            self.assertNotIn("Sign changes", page)
            with open(f"{folder}/metrics.csv") as file:
                lines = file.read().splitlines()
            with open(f"{folder}/metrics.csv", "w") as file:
                for line, more in zip(lines, ("flip_ratio,estimator.slope",
                                              "0.01,1", "0.001,")):
                    file.write(f"{line},{more}\n")
            self.assertEqual(signet("report", folder).returncode, 0)
            with open(f"{folder}/report.html") as file:
                charts = file.read()
            for label in ("Sign changes of binary weights",
                          "Annealed parameters of the estimator", "slope"):
                self.assertIn(label, charts)
            self.assertNotRegex(page, r"(src|href)\s*=\s*[\"']?https?:")


@unittest.skipUnless(ALL, "the build has no training commands")
class Training(Case):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        f = cls.folder = cls.temporary.name
        write_data(f"{f}/data")
        cls.recipe = f"{f}/r.toml"
        with open(cls.recipe, "w") as file:
            file.write(f"""name = "tiny"
[data]
set = "idx"
folder = "{f}/data"
[network]
layers = ["linear(outputs=20)", "batch-norm", "units",
          "linear(outputs=3)", "batch-norm"]
[train]
epochs = 3
batch = 20
[optimizer]
rate = 0.01
""")
        cls.run_folder, cls.model = f"{f}/run", f"{f}/tiny.signet"
        cls.train = signet("train", cls.recipe, "--out", cls.run_folder,
                           "--threads", 1)
        cls.eval = signet("eval", cls.run_folder, "--samples", "1,3",
                          "--json")
        cls.export = signet("export", cls.run_folder, "--out", cls.model,
                            "--json")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_train_eval_export_run_agree(self):
        self.assertEqual(self.train.returncode, 0, self.train.stderr)
        self.assertEqual(self.eval.returncode, 0, self.eval.stderr)
        self.assertEqual(self.export.returncode, 0, self.export.stderr)
        evaluated, exported = map(json.loads,
                                  (self.eval.stdout, self.export.stdout))
        accuracy = evaluated["mode"]["accuracy_percent"]["mean"]
        self.assertEqual([e["samples"] for e in evaluated["ensembles"]],
                         [1, 3])
        self.assertEqual(exported["different"], 0)
        self.assertEqual(exported["examples"], 50)
        self.assertAlmostEqual(exported["accuracy_percent"], accuracy)
        csv = f"{self.folder}/classes.csv"
        run = signet("run", self.model, "--data", f"{self.folder}/data",
                     "--json", "--out", csv)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertAlmostEqual(json.loads(run.stdout)["accuracy_percent"],
                               accuracy)
        with open(csv) as file:
            self.assertEqual(len(file.readlines()), 51)
        scalar = signet("run", self.model, "--data", f"{self.folder}/data",
                        "--json", SIGNET_FORCE_ISA="scalar")
        self.assertEqual(json.loads(scalar.stdout)["isa"], "scalar")
        self.assertEqual(json.loads(scalar.stdout)["classes"],
                         json.loads(run.stdout)["classes"])

    def test_run_of_samples(self):
        model, data = f"{self.folder}/noisy.signet", f"{self.folder}/data"
        export = signet("export", self.run_folder, "--out", model, "--noise")
        self.assertEqual(export.returncode, 0, export.stderr)
        csv = f"{self.folder}/samples.csv"
        runs = [signet("run", model, "--data", data, "--samples", 50, "--seed",
                       seed, "--threads", threads, "--out", csv, "--json",
                       **environment)
                for seed, threads, environment in [
                    (1, 3, {}), (1, 1, {"SIGNET_FORCE_ISA": "scalar"}),
                    (2, 1, {})]]
        for run in runs:
            self.assertEqual(run.returncode, 0, run.stderr)
        first, again, other = (json.loads(run.stdout) for run in runs)
        for figure in ("accuracy_percent", "loss_nats", "entropy_nats",
                       "mutual_information_nats", "classes"):
            self.assertEqual(first[figure], again[figure])
        self.assertNotEqual(first["loss_nats"], other["loss_nats"])
        self.assertLess(first["mutual_information_nats"]["all"],
                        first["entropy_nats"]["all"])
        with open(csv) as file:
            lines = file.read().splitlines()
        self.assertEqual(lines[0], "index,class,name,entropy,"
                         "mutual_information,p0,p1,p2")
        self.assertEqual(len(lines), 51)
        probabilities = [float(p) for p in lines[1].split(",")[5:]]
        self.assertAlmostEqual(sum(probabilities), 1, places=4)
        table = signet("run", model, "--data", data, "--samples", 5)
        self.assertIn("mutual information", table.stdout)
        self.assertIn("logistic noise", signet("info", model).stdout)
        self.usage_error("run", self.model, "--data", data, "--samples", 5,
                         contains="export it again with --noise")
        self.usage_error("run", model, "--data", data, "--samples", 0)

    def test_eval_of_two_runs(self):
        other = f"{self.folder}/run2"
        result = signet("train", self.recipe, "--out", other, "--seed", 2)
        self.assertEqual(result.returncode, 0, result.stderr)
        both = [self.run_folder, other]
        evaluated = json.loads(signet("eval", *both, "--samples", "4,2,0",
                                      "--json").stdout)
        ensembles = evaluated["ensembles"]
        self.assertEqual([e["samples"] for e in ensembles], [2, 4])
        table = signet("eval", *both, "--samples", "2,4")
        self.assertEqual(table.returncode, 0, table.stderr)
        rows = table.stdout.splitlines()
        self.assertEqual(len(rows), 1 + 3 * 3)
        for mode, row in zip([evaluated["mode"], *ensembles], rows[-3:]):
            for key, text in (("accuracy_percent", "{:.2f} +- {:.2f} %"),
                              ("loss_nats", "{:.4f} +- {:.4f} nats"),
                              ("calibration_error_percent",
                               "{:.2f} +- {:.2f} %")):
                a, b = mode[key]["values"]
                self.assertAlmostEqual(mode[key]["mean"], (a + b) / 2)
                self.assertAlmostEqual(mode[key]["standard_error"],
                                       abs(a - b) / 2)
                self.assertIn(text.format((a + b) / 2, abs(a - b) / 2), row)
        with open(f"{other}/results.json") as file:
            names = [r["name"] for r in json.load(file)]
        self.assertIn("test calibration error, ensemble of 4 samples", names)

    def test_train_from_a_real_run(self):
        real, out = f"{self.folder}/real", f"{self.folder}/from-real"
        layers = ("network.layers=['linear(outputs=20, weights=real)', "
                  "'batch-norm', 'tanh', 'linear(outputs=3, weights=real)', "
                  "'batch-norm']")
        result = signet("train", self.recipe, "--out", real, "--set", layers)
        self.assertEqual(result.returncode, 0, result.stderr)
        result = signet("train", self.recipe, "--out", out, "--from", real)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(f"{out}/recipe.toml") as file:
            self.assertIn(f"from = '{real}'", file.read())
        self.usage_error("train", self.recipe, "--out", f"{self.folder}/never",
                         "--from", real, "--set",
                         "network.layers=['linear(outputs=3)']",
                         contains="0.latent must be [3, 36]")

    def test_a_loss_that_is_not_finite_ends_in_one_line(self):
        result = signet("train", self.recipe, "--out", f"{self.folder}/nan",
                        "--set", "optimizer.rate=1e37", "--set",
                        "network.layers=['linear(outputs=3, weights=real)']")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr.splitlines()[-1],
                         r"\Asignet: train: stopped at step \d+: the loss is "
                         r"(NaN|infinite); layer 0\.linear is the first")

    def test_info_of_all_three(self):
        for path, kind in ((self.model, "model"),
                           (self.run_folder, "checkpoint"),
                           (f"{self.run_folder}/checkpoint.safetensors",
                            "checkpoint")):
            self.assertEqual(signet("info", path).returncode, 0)
            info = json.loads(signet("info", path, "--json").stdout)
            self.assertEqual(info["kind"], kind)
            self.assertEqual(sum(r["macs"] for r in info["layers"]), 780)

    def test_report(self):
        result = signet("report", self.run_folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(os.path.getsize(f"{self.run_folder}/report.html"))

    def test_damaged_models_and_wrong_images(self):
        with open(self.model, "rb") as file:
            good = file.read()
        bad = f"{self.folder}/bad.signet"
        for size in (0, 4, len(good) // 2, len(good) - 1):
            with open(bad, "wb") as file:
                file.write(good[:size])
            self.usage_error("run", bad, "--data", f"{self.folder}/data")
            self.usage_error("info", bad)
        images = f"{self.folder}/images"
        write_idx(images, [2, 5, 5], [0] * 50)
        self.usage_error("run", self.model, "--data", images, contains="36")
        self.usage_error("run", self.model, "--data", "fashion-mist",
                         contains="fashion-mnist")

    def test_usage_errors(self):
        out = f"{self.folder}/never"
        for arguments, contains in (
                (["train", self.recipe, "--out", out, "--set",
                  "train.epoch=3"], "did you mean 'train.epochs'"),
                (["train", self.recipe, "--out", out, "--set",
                  "train.estimator=gumble"], "did you mean 'gumbel'"),
                (["train", self.recipe, "--out", out, "--sets", "a=1"], ""),
                (["train", self.recipe], "--out"),
                (["train", "--out", out], "recipe"),
                (["train", self.recipe, "--out", self.run_folder],
                 "--resume"),
                (["trian"], "did you mean 'train'"),
                (["eval", out], "no such folder"),
                (["eval", self.run_folder, "--samples", "-1"], ""),
                (["export", self.run_folder], "--out"),
                (["help", "gumble"], "did you mean 'gumbel'")):
            self.usage_error(*arguments, contains=contains)
        self.assertFalse(os.path.exists(out))

    def test_resume_of_a_finished_run_changes_nothing(self):
        path = f"{self.run_folder}/checkpoint.safetensors"
        with open(path, "rb") as file:
            before = file.read()
        result = signet("train", "--resume", "--out", self.run_folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_help_explains_what_the_lists_name(self):
        table = signet("estimators")
        self.assertEqual(table.returncode, 0)
        rows = table.stdout.split("\n\n")[0].splitlines()
        self.assertEqual(rows[0].split()[0], "name")
        listing = signet("optimizers")
        self.assertEqual(listing.returncode, 0)
        topics = (["recipe", "layers"] + [row.split()[0] for row in rows[1:]] +
                  re.findall(r"^  (\S+)", listing.stdout, re.M))
        self.assertGreater(len(topics), 40)
        self.assertIn("st", topics)
        self.assertIn("binaryconnect", topics)
        for topic in topics:
            result = signet("help", topic)
            self.assertEqual(result.returncode, 0, topic)
            self.assertGreater(len(result.stdout), 80, topic)

    def test_cite_prints_bibtex_once_a_paper(self):
        result = signet("cite", "arm", "ar", "mirror-descent")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.count("@article{yin2019arm,"), 1)
        self.assertIn("shekhovtsov2021reintroducing", result.stdout)
        everything = signet("cite", "--all").stdout
        keys = re.findall(r"^@\w+\{(\w+),$", everything, re.M)
        self.assertGreater(len(keys), 25)
        self.assertEqual(len(keys), len(set(keys)))
        for arguments in ([], ["armm"]):
            result = signet("cite", *arguments)
            self.assertEqual(result.returncode, 2)
            self.assertEqual(len(result.stderr.splitlines()), 1)


if __name__ == "__main__":
    main()
