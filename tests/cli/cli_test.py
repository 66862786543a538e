"""Runs the program: cli_test.py PROGRAM all|runtime"""

import json
import os
import random
import re
import shlex
import struct
import subprocess
import sys
import tempfile
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
        cls.eval = signet("eval", cls.run_folder, "--samples", 3, "--json")
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
        self.assertEqual(evaluated["ensemble"]["samples"], 3)
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


def write_tensors(path, tensors):
    """Safetensors of float32: {name: (shape, values)}"""
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        begin = len(data)
        data += struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


@unittest.skipUnless(ALL, "the build has no training commands")
class Measure(Case):
    def measure(self, *arguments):
        result = signet("measure", *arguments, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        f = self.folder = temporary.name
        self.network, self.data = f"{f}/net.toml", f"{f}/points.csv"
        self.weights = f"{f}/net.safetensors"
        self.write(self.network, """inputs = 2
layers = ["linear(outputs=3, weights=real, bias=true)",
          "units(encoding=bits)", "linear(outputs=1, weights=real)"]
""")
        self.write(self.data, "x,y,label\n0.5,-1,1\n-0.3,2,-1\n1,1,1\n")
        self.tensors = {"0.weight": ([3, 2], [.3, -.2, .5, .1, -.4, .6]),
                        "0.bias": ([3], [0, .1, -.1]),
                        "2.weight": ([1, 3], [1, -1, .5])}
        write_tensors(self.weights, self.tensors)

    def write(self, path, text):
        with open(path, "w") as file:
            file.write(text)

    def own(self, *more):
        return ["st", "--network", self.network, "--data", self.data,
                "--samples", 500, *more]

    def test_built_in_problem_as_json(self):
        result = self.measure("st", "reinforce", "exact", "--problem",
                              "chain(layers=2, units=3)", "--samples", 20000)
        self.assertEqual(result["reference"]["exact"], True)
        self.assertEqual([e["estimator"].split("(")[0]
                          for e in result["estimators"]],
                         ["st", "reinforce", "exact"])
        st, reinforce, exact = result["estimators"]
        self.assertEqual([g["name"] for g in st["groups"]],
                         ["all", "layer 1", "layer 2"])
        self.assertEqual(st["groups"][0]["verdict"], "biased")
        self.assertNotEqual(reinforce["groups"][0]["verdict"], "biased")
        self.assertEqual(exact["groups"][0]["verdict"], "unbiased")
        self.assertEqual([m["n"] for m in st["groups"][0]["means_of_n"]],
                         [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000])
        for e in result["estimators"]:
            self.assertGreater(e["seconds_per_sample"], 0)
            for group in e["groups"]:
                self.assertLessEqual(group["bias_low"], group["bias_high"])
        # The command that is recorded repeats the numbers.
        again = self.measure(*shlex.split(result["command"])[2:])
        self.assertEqual(again["estimators"][1]["groups"][0]["bias"],
                         reinforce["groups"][0]["bias"])

    def test_table_marks_the_best_and_page_holds_the_chart(self):
        page = f"{self.folder}/page.html"
        result = signet("measure", "st", "reinforce", "--samples", 1000,
                        "--report", page)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("All parameters (81)", result.stdout)
        self.assertIn("layer 4 (6)", result.stdout)
        self.assertIn("*", result.stdout)
        with open(page) as file:
            self.assertIn('"log_x":true', file.read())

    def test_basket(self):
        result = self.measure("st", "reinforce", "--basket", 20, "--batch", 50,
                              "--samples", 200)
        self.assertEqual(result["basket"]["steps"], list(range(1, 21)))
        curves = result["basket"]["gradient_variance_ema_batch_mean"]
        self.assertEqual(len(curves), 2)
        self.assertEqual(len(curves[0]["values"]), 20)

    def test_own_network(self):
        result = self.measure(*self.own("--weights", self.weights))
        self.assertEqual(result["examples"], 3)
        self.assertEqual([g["parameters"]
                          for g in result["estimators"][0]["groups"]],
                         [12, 9, 3])
        gradient = result["reference"]["gradient"]
        # The same with labels 0 and 1; other weights are another point.
        self.write(self.data, "x,y,label\n0.5,-1,1\n-0.3,2,0\n1,1,1")
        again = self.measure(*self.own("--weights", self.weights))
        self.assertEqual(again["reference"]["gradient"], gradient)
        other = self.measure(*self.own())
        self.assertNotEqual(other["reference"]["gradient"], gradient)
        self.assertIn("weights from seed", other["problem"])
        mse = self.measure(*self.own("--loss", "mse"))
        self.assertIn("mse", mse["problem"])

    def test_a_run_is_a_network_too(self):
        # Tensors of a checkpoint carry a prefix, and there are others.
        write_tensors(self.weights, {f"network.{name}": tensor for name, tensor
                                     in self.tensors.items()})
        self.measure(*self.own("--weights", self.weights))

    def test_usage_errors(self):
        for arguments, contains in (
                ([], "estimators"),
                (["stt"], "did you mean 'st'"),
                (["st(noise=uniforn)"], "uniform"),
                (["vimco"], "bound"),
                (["st", "--problem", "chian"], "did you mean 'chain'"),
                (["st", "--problem", "chain(unit=3)"], "units"),
                (["st", "--reference", "st"], "unbiased"),
                (["st", "--samples", 0], ""),
                (["st", "--alpha", 2], ""),
                (["st", "--basket", 3, "--optimizer", "lbfgs"], "adam or sgd"),
                (["st", "--basket", 3, "--batch", 500], "200"),
                (["st", "--data", self.data], "--network"),
                (["st", "--network", self.network], "--data"),
                (self.own("--loss", "logisitc"), "did you mean 'logistic'"),
                (self.own("--loss", "cross_entropy"), "output"),
                (self.own("--problem", "chain"), "exclude"),
                (self.own("--weights", "no-such-file"), "no-such-file")):
            self.usage_error("measure", *arguments, contains=contains)

    def test_bad_networks(self):
        for text, contains in (
                ("inputs = 2", "layers"),
                ('layers = ["units"]', "inputs"),
                ('inputs = 2\nlayers = ["units"', ":2"),
                ('inputs = 2\nlayers = ["units"]\nimputs = 2',
                 "did you mean 'inputs'"),
                ('inputs = 2\nlayers = ["linear(outputs=1)"]', "units"),
                ('inputs = 2\nlayers = ["linaer(outputs=1)"]',
                 "did you mean 'linear'"),
                ('inputs = 3\nlayers = ["units", "linear(outputs=1)"]',
                 "4 columns")):
            self.write(self.network, text)
            self.usage_error("measure", *self.own(), contains=contains)

    def test_bad_weights(self):
        def without(name):
            return {k: v for k, v in self.tensors.items() if k != name}
        nan = float("nan")
        for tensors, contains in (
                (without("2.weight"), "'2.weight'"),
                ({**self.tensors, "9.bias": ([1], [0])}, "'9.bias'"),
                ({**self.tensors, "0.bias": ([2], [0, 0])}, "[3], but got [2]"),
                ({**self.tensors, "0.bias": ([3], [0, nan, 0])}, "'0.bias'")):
            write_tensors(self.weights, tensors)
            self.usage_error("measure", *self.own("--weights", self.weights),
                             contains=contains)
        self.write(self.weights, "no tensors")
        self.usage_error("measure", *self.own("--weights", self.weights))

    def test_bad_points(self):
        for text, contains in (
                ("x,y,label\n1,nan,1\n", 'row 1, column "y"'),
                ("x,y,label\n1,2,1\n1,,1\n", 'row 2, column "y"'),
                ("x,y,label\n1,2,3\n", 'row 1, column "label"'),
                ("x,y,label\n1,2,0\n1,2,-1\n", 'row 2, column "label"'),
                ("x,label\n1,1\n", "3 columns"),
                ("1,2,1\n", "column names"),
                ("x,y,label\n", "rows")):
            self.write(self.data, text)
            self.usage_error("measure", *self.own(), contains=contains)
        self.write(self.network, 'inputs = 2\nlayers = ["units", '
                                 '"linear(outputs=3)"]')
        self.write(self.data, "x,y,label\n1,2,3\n")
        self.usage_error("measure", *self.own("--loss", "cross_entropy"),
                         contains="0 to 2")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
