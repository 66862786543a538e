"""What the program says to slips and to hostile files: one line, in its own
words, with nothing for the terminal to obey."""

import json
import os
import re
import struct
import tempfile
import unittest

from program import ALL, Case, main, signet, write_data

# Words of C++, of its libraries and of their limits.
RAW = re.compile(
    r"std::|basic_|filesystem error|\bsto[a-z]{1,3}\b|bad_alloc|json\.exception"
    r"|parse_error|type_error|Error while parsing|terminate|what\(\)|_M_|::at"
    r"|map::|vector::|regex|c10|at::|\bat \w+\.(cpp|h):|enforce fail|Exception"
    r"|Aborted|core dumped|\d{22,}|e\+308|0x[0-9a-f]{8,}|not in range")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f]")


OURS = {"format": "signet-checkpoint-1"}


class Messages(Case):
    def plain(self, result, arguments):
        """No text of it is raw; the error, if any, is one short line."""
        self.assertIn(result.returncode, (0, 1, 2), (arguments, result.stderr))
        self.assertNotRegex(result.stdout + result.stderr, CONTROL)
        if result.returncode == 0:
            return ""
        error = re.sub(r"\Awarning: [^\n]+\n", "", result.stderr)
        self.assertRegex(error, r"\Asignet: [^\n]+\n\Z", arguments)
        self.assertLess(len(error), 2500, arguments)
        self.assertNotRegex(error, RAW, arguments)
        return error

    def refused(self, *arguments, contains=""):
        result = signet(*arguments)
        self.assertNotEqual(result.returncode, 0, arguments)
        error = self.plain(result, arguments)
        self.assertIn(contains, error, arguments)
        return error


class Slips(Messages):
    # Those that load no LibTorch get every slip.
    FAST = {"run", "info", "report", "embed", "calibrate"}

    def test_options_are_told_from_the_nearest(self):
        self.refused("--verison", contains="did you mean '--version'?")
        self.refused("--hepl", contains="did you mean '--help'?")
        self.refused("-V", contains="unknown option '-V'")
        self.refused("run", "--dta", "x", contains="did you mean '--data'?")
        self.refused("run", "m", "--data", "x", "--dta=3",
                     contains="unknown option '--dta': did you mean '--data'?")
        self.refused("info", contains="file is required")
        self.refused("info", "a", "b", contains="does not expect 'b'")
        self.refused("run", "m", "--data", contains="--data needs a value")
        self.refused(contains="a command is required")

    def test_every_command_takes_the_usual_slips(self):
        listing = signet("--help").stdout
        commands = re.findall(r"^  ([a-z]+)\s{2,}\S", listing, re.M)
        self.assertGreater(len(commands), 4)
        count = 0
        for command in commands:
            text = signet(command, "--help").stdout
            options = re.findall(r"(--[a-z-]+)", text)
            self.assertIn("--help", options)
            self.assertNotRegex(text, r"\d{22,}|e\+308", command)
            slips = [["--no-such-option"], ["--\x1b[2J"],
                     ["no-such-thing", "b=2"]]
            values = ["1,2,3"]
            if command in self.FAST:
                slips += [["-x"], ["--" + "y" * 100000], ["\x1b[2J"], ["/"],
                          ["/dev/null"], ["", ""], ["no\nsuch"]]
                values += ["-1", "1e400", "x" * 5000, "\x1b[31m", "",
                           "9" * 30, ".", "nan", "a=b=c"]
            for option in sorted(set(options) - {"--help", "--all"}):
                slips += [[option, value] for value in values]
            for slip in slips:
                count += 1
                # A folder that cannot be, for what is not refused by itself.
                result = signet(command, *slip, "no-such-file-anywhere",
                                "one-too-many", "--out", "/proc/no/such")
                self.plain(result, [command, *slip])
        self.assertGreater(count, 100)


class Folder(Messages):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = self.temporary.name

    def tearDown(self):
        self.temporary.cleanup()

    def write(self, name, data):
        path = f"{self.folder}/{name}"
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        return path

    def safetensors(self, header):
        text = header if isinstance(header, bytes) else json.dumps(
            header).encode()
        return self.write("c.safetensors",
                          struct.pack("<Q", len(text)) + text)


class Files(Folder):
    def test_info_of_hostile_checkpoints(self):
        deep = b'{"a":' + b"[" * 500000 + b"]" * 500000 + b"}"
        for header in (deep, b"{", b"[1]", b'{"a":1e999}', b"\xff\xfe",
                       {"a\x1b[2J": 1}, {"x" * 100000: {"dtype": "F32"}},
                       {"a": {"dtype": "\x1b", "shape": [1],
                              "data_offsets": [0, 4]}},
                       {"a": {"dtype": "F32", "shape": [2 ** 62, 2 ** 62],
                              "data_offsets": [0, 4]}},
                       {"__metadata__": {**OURS, "layers": "[" * 200000}},
                       {"__metadata__": {**OURS, "layers": '[{"name": 3}]'}},
                       {"__metadata__": {**OURS, "layers": "[3]"}},
                       {"__metadata__": {**OURS,
                                         "layers": '[{"bytes": "x"}]'}}):
            path = self.safetensors(header)
            self.refused("info", path)
            self.refused("info", path, "--json")
        path = self.safetensors({"__metadata__": {
            **OURS, "layers": '[{"name": "\\u001b[2J", "output": "\\u001b[2J"}]',
            "epoch": "\x1b[2J", "inputs": "\x07"}})
        result = signet("info", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("\\x1b[2J", result.stdout)
        self.plain(result, path)

    def test_report_of_hostile_folders(self):
        self.write("recipe.toml", "seed = 1\n")
        good = ("epoch,step,rate,train_loss,train_accuracy,validation_loss,"
                "validation_accuracy,test_loss,test_accuracy,seconds\n"
                "1,10,0.1,1.5,0.5,,,1.4,0.55,2\n")
        for metrics in (good.replace("1.5", "\x1b[2J"), good.replace(",", ";"),
                        good.replace("1.5", "x" * 2000000), good + '1,"2\n3\n',
                        "epoch\n", "\x00", good.replace("test_loss", "rate"),
                        good.encode("utf-16")):
            self.write("metrics.csv", metrics)
            self.refused("report", self.folder)
        # What spreadsheets make of it is read.
        self.write("metrics.csv", "\ufeff" + good.replace("\n", "\r\n"))
        self.assertEqual(signet("report", self.folder).returncode, 0)
        # A line without its newline is left out, and that is said.
        self.write("metrics.csv", good + "2,20,0.1,1.5,0.5,,,1.4,0.6,2")
        result = signet("report", self.folder)
        self.assertEqual(result.returncode, 0)
        self.assertIn("the last line was left out", result.stderr)
        self.write("metrics.csv", good)
        for confusion in ("label,prediction,count\na,b,1\n",
                          "label,prediction,count\na,\x1b[2J,1\n",
                          "label,prediction,count\na,a,-1\n",
                          "label,prediction,count\na,a,x\n", "a\n1\n"):
            self.write("confusion.csv", confusion)
            self.refused("report", self.folder)
        os.remove(f"{self.folder}/confusion.csv")
        for results in ("[" * 500000, "{}", "[1]", '[{"name": 3}]', "\xff",
                        '[{"name": "a", "value": "' + "x" * 1000000 + '"}]',
                        '[{"name": "a", "value": 1e999}]'):
            self.write("results.json", results)
            self.refused("report", self.folder)

    def test_models_that_are_none(self):
        for data in (b"", b"\x1b[2J", os.urandom(1000), b"x" * 1000000):
            path = self.write("m.signet", data)
            for command in (["info", path], ["run", path, "--data", path],
                            ["embed", path, "--out", f"{self.folder}/m.h"]):
                self.refused(*command)
        self.refused("run", self.folder, "--data", "x")
        self.refused("info", self.folder)
        self.refused("info", f"{self.folder}/\x1b[2J")
        self.refused("info", "x" * 5000)


@unittest.skipUnless(ALL, "the build has no training commands")
class Training(Folder):
    RECIPE = """name = "\\u001b[31mred\\u0007"
[data]
set = "idx"
folder = "{folder}/data"
[network]
layers = ["linear(outputs=20)", "batch-norm", "units",
          "linear(outputs=3)", "batch-norm"]
[train]
epochs = 1
batch = 20
"""

    def recipe(self, text=RECIPE):
        return self.write("r.toml", text.replace("{folder}", self.folder))

    def test_help_alone_lists_what_it_explains(self):
        result = signet("help")
        self.assertEqual(result.returncode, 0, result.stderr)
        for topic in ("recipe", "layers", "rloo", "binaryconnect", "train",
                      "batch-norm"):
            self.assertRegex(result.stdout, rf"\b{topic}\b")

    def test_values_of_options_and_keys(self):
        recipe, out = self.recipe(), f"{self.folder}/never"
        train = ["train", recipe, "--out", out]
        for arguments, contains in (
                (["--seed", "1,2,3"], "--seed: must be a whole number of at "
                                      "least 0, but got '1,2,3'"),
                (["--threads", "0"], "must be a whole number from 1 to"),
                (["--set", "seed=1", "train.epochs=2"],
                 "write --set train.epochs=2"),
                (["--set", "seed"], "must read key=value, but got 'seed'"),
                (["--set", "optimizer.rate=fast"], "a number such as 0.5"),
                (["--set", "train.epochs=1.5"], "a whole number such as 100"),
                (["--set", "train.epochs=1000000000"], "at most 1"),
                (["--set", "train.batch=1000000000"], "at most 1"),
                (["--set", "network.layers=units"], "a list of texts such as"),
                (["--set", "network.layers=['linear(outputs=1000000000)']"],
                 "[1, 1048576]"),
                (["--set", "network.layers=[" + "'units'," * 2000 + "]"],
                 "at most 1000 layers"),
                (["--set", "train.estimator=rloo(samples=1000000000)"],
                 "[2, 10000]"),
                (["--set", "a" + ".a" * 20000 + "=1"], "unknown key"),
                (["--set", "\x1b[2J=1"], "unknown key '\\x1b[2J'")):
            self.refused(*train, *arguments, contains=contains)
        self.refused("train", "--set", "seed=1", "b=2", "--out", out,
                     contains="a key=value needs a --set of its own")
        for samples in ("1000000000000", "1e3", "many"):
            self.refused("measure", "st", "--samples", samples,
                         contains="must be a whole number from 1 to")
        self.refused("measure", "rloo(samples=1000000000)",
                     contains="[2, 10000]")
        self.assertFalse(os.path.exists(out))

    def test_hostile_recipes(self):
        dotted = "a" + ".a" * 20000
        for text in (dotted + " = 1", f"[{dotted}]", "x = " + "[" * 20000,
                     "x = " + "{a=" * 20000, "\x00", "\xff" * 9, "\x1b[2J",
                     "x" * 2000000, "name = ", "rate = .5", "[a\n", "a = 1\n" * 2,
                     '"\\u001b[2J" = 1', 'train.estimator = "\\u001b[2J"',
                     'train.estimator = "' + "averaged(estimator=" * 9999 + '"',
                     'train.switch = ["' + "after " * 90000 + '"]',
                     'network.layers = ["' + "x" * 900000 + '"]',
                     'data.set = "' + "x" * 900000 + '"',
                     'optimizer.schedule = "steps(at=' + "x" * 900000 + ')"'):
            path = self.recipe(text)
            self.refused("train", path, "--out", f"{self.folder}/never")
            self.refused("measure", "st", "--network", path, "--data", path)

    def test_hostile_points(self):
        network = self.write("n.toml", "inputs = 1\nlayers = ['linear(outputs="
                             "3)', 'units', 'linear(outputs=1)']\n")
        for points in ("x;y\n1;2\n", "1,1\n2,1\n", ",x,y\n0,1,1\n", "\x00",
                       "x,y\n1," + "z" * 2000000 + "\n", "x,y\n1,\x1b[2J\n",
                       "\ufeff 1,+1\n2,1\n", "x,y\n1,\"1\n2,1\n"):
            path = self.write("p.csv", points)
            self.refused("measure", "st", "--network", network, "--data", path)
        for inputs in ("1000000000000", "-1", "'9999999x9999999x9999999'"):
            wide = self.write("w.toml", f"inputs = {inputs}\nlayers = ['units']")
            path = self.write("p.csv", "x,y\n1,1\n")
            self.refused("measure", "st", "--network", wide, "--data", path)
        path = self.write("p.csv", "\ufeffx,y\r\n1,1\r\n -2.5,+1\r\n")
        result = signet("measure", "st", "--network", network, "--data", path,
                        "--samples", 100)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("2 examples", result.stdout)

    def test_a_name_that_a_terminal_would_obey(self):
        write_data(f"{self.folder}/data", train=60, test=30)
        run, model = f"{self.folder}/run", f"{self.folder}/m.signet"
        for command in (["train", self.recipe(), "--out", run],
                        ["eval", run], ["info", run], ["info", run, "--json"],
                        ["export", run, "--out", model, "--noise"],
                        ["info", model], ["info", model, "--json"],
                        ["run", model, "--data", f"{self.folder}/data"],
                        ["report", run]):
            result = signet(*command)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.plain(result, command)
        self.assertIn("\\x1b[31mred\\x07", signet("info", model).stdout)


if __name__ == "__main__":
    main()
