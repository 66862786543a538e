"""signet measure: measure_test.py PROGRAM all|runtime"""

import json
import math
import shlex
import struct
import tempfile
import unittest

from program import ALL, Case, main, signet, write_data


def write_tensors(path, tensors):
    """Safetensors of float32 as PyTorch marks them: {name: (shape, values)}"""
    header, data = {"__metadata__": {"format": "pt"}}, b""
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

    def test_a_prefix_is_no_part_of_the_names(self):
        write_tensors(self.weights, {f"network.{name}": tensor for name, tensor
                                     in self.tensors.items()})
        self.measure(*self.own("--weights", self.weights))

    def test_verdict_and_interval_agree(self):
        result = self.measure("st", "reinforce", "exact", "rloo", "--samples",
                              2000)
        for e in result["estimators"]:
            for g in e["groups"]:
                self.assertEqual(g["verdict"] == "biased", g["bias_low"] > 0)
                self.assertLessEqual(g["bias_low"], g["bias"])
                self.assertLessEqual(g["bias"], g["bias_high"])
                self.assertGreater(g["detectable_bias"], 0)
        # Rounding is no bias, even of an oracle in float.
        self.assertEqual(result["estimators"][2]["groups"][0]["verdict"],
                         "unbiased")

    def test_double(self):
        arguments = ["exact", "--problem", "polynomial(units=12)"]
        narrow = self.measure(*arguments)["estimators"][0]["groups"][0]
        result = self.measure(*arguments, "--double")
        wide = result["estimators"][0]["groups"][0]
        self.assertIn("--double", result["command"])
        self.assertEqual(wide["verdict"], "unbiased")
        self.assertLess(wide["bias_high"], 1e-6 * narrow["bias_high"])
        # A network, its data and weights too.
        own = self.own("--weights", self.weights)[1:]
        self.assertLess(
            self.measure("exact", *own, "--double")
            ["estimators"][0]["groups"][0]["relative_bias_high"], 1e-12)

    def test_text_says_loss_norms_and_power(self):
        result = signet("measure", "reinforce", "--samples", 1000)
        self.assertRegex(result.stdout, r"(?m)^loss +0\.\d+ expected$")
        self.assertRegex(result.stdout,
                         r"(?m)^\|g\| +all [0-9.e-]+, layer 1 [0-9.e-]+, ")
        self.assertRegex(result.stdout, r"(?m)^power +reinforce: a bias of "
                         r"[0-9.e+]+ % would have been seen")
        self.assertIn("samples", result.stdout)

    def test_expected_loss_is_that_of_the_states(self):
        # sum over 2^3 states, by hand
        (w, b, v) = (self.tensors[name][1] for name in
                     ("0.weight", "0.bias", "2.weight"))
        total = 0
        for x, y, label in ((.5, -1, 1), (-.3, 2, -1), (1, 1, 1)):
            a = [w[2 * i] * x + w[2 * i + 1] * y + b[i] for i in range(3)]
            p = [1 / (1 + math.exp(-2 * each)) for each in a]
            for state in range(8):
                bits = [state >> i & 1 for i in range(3)]
                chance = math.prod(p[i] if bits[i] else 1 - p[i]
                                   for i in range(3))
                eta = sum(v[i] * bits[i] for i in range(3))
                total += chance * math.log1p(math.exp(-label * eta)) / 3
        result = self.measure(*self.own("--weights", self.weights, "--double"))
        self.assertAlmostEqual(result["reference"]["loss"], total, 6)
        self.assertEqual(list(result["reference"]["gradient_norms"]),
                         ["all", "0.linear", "2.linear"])

    def test_averages(self):
        result = self.measure("st", "--samples", 500, "--averages", "3,1,250")
        means = result["estimators"][0]["groups"][0]["means_of_n"]
        self.assertEqual([m["n"] for m in means], [1, 3, 250])
        self.assertEqual([m["means"] for m in means], [500, 166, 2])
        self.assertIn("--averages 3,1,250", result["command"])
        table = signet("measure", "st", "--samples", 500, "--averages", 7)
        self.assertIn("n=7", table.stdout)
        for bad in ("0", "1,501", "x", "1,,2.5"):
            self.usage_error("measure", "st", "--samples", 500, "--averages",
                             bad)

    def test_images(self):
        data = f"{self.folder}/data"
        write_data(data)
        self.write(self.network, """inputs = "1x6x6"
layers = ["linear(outputs=4, weights=real)", "units",
          "linear(outputs=3, weights=real)"]
""")
        def measure(*more):
            return self.measure("st", "--network", self.network, "--data",
                                data, "--samples", 200, *more)
        result = measure()
        self.assertEqual(result["examples"], 100)
        self.assertIn("100 training images", result["problem"])
        self.assertIn("cross_entropy", result["problem"])
        self.assertEqual(measure("--examples", 7)["examples"], 7)
        scaled = measure("--divide-pixels", 255)
        self.assertNotEqual(scaled["reference"]["loss"],
                            result["reference"]["loss"])
        again = self.measure(*shlex.split(scaled["command"])[2:])
        self.assertEqual(again["reference"], scaled["reference"])
        bad = ["st", "--network", self.network, "--data", data]
        self.usage_error("measure", *bad, "--examples", 201, contains="200")
        self.usage_error("measure", *bad, "--loss", "mse", contains="output")
        self.usage_error("measure", *bad[:3], "--data", self.folder)
        self.usage_error("measure", *bad[:3], "--data", "mnst")

    def test_recipe_and_run_as_network(self):
        data, run = f"{self.folder}/data", f"{self.folder}/run"
        write_data(data)
        recipe = f"{self.folder}/recipe.toml"
        self.write(recipe, f"""[data]
set = "idx"
folder = "{data}"
[network]
layers = ["linear(outputs=4)", "batch-norm", "units", "linear(outputs=3)",
          "batch-norm"]
[train]
epochs = 1
""")
        result = self.measure("st", "--network", recipe, "--samples", 200)
        self.assertEqual(result["examples"], 100)
        self.assertIn("weights from seed", result["problem"])
        trained = signet("train", recipe, "--out", run)
        self.assertEqual(trained.returncode, 0, trained.stderr)
        of_run = self.measure("st", "--network", run, "--samples", 200,
                              "--examples", 20)
        self.assertIn("epoch 1", of_run["problem"])
        self.assertEqual(of_run["examples"], 20)
        self.assertNotEqual(of_run["reference"]["loss"],
                            result["reference"]["loss"])
        self.usage_error("measure", "st", "--network", run, "--weights",
                         self.weights, contains="--weights")
        self.usage_error("measure", "st", "--network", recipe, "--data",
                         self.data, contains="data set")

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
                (without("2.weight"), "2.weight [1, 3]"),
                ({**self.tensors, "9.bias": ([1], [0])}, "9.bias [1]"),
                ({**self.tensors, "0.bias": ([2], [0, 0])},
                 "0.bias [2]; in their place the network expects, in the "
                 "layout pytorch: 0.bias [3]"),
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
    main()
