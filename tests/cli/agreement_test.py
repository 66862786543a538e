"""Data and model that do not go together: agreement_test.py PROGRAM all|runtime

Every command compares them before it works, and says in one line what differs.
"""

import json
import os
import shutil
import tempfile
import unittest

from program import ALL, Case, main, signet, write_idx

FASHION_TEST, MNIST_TEST = [9, 2, 1, 1, 6], [7, 2, 1, 0, 4]


def write_part(folder, prefix, labels, shape):
    os.makedirs(folder, exist_ok=True)
    size = 1
    for side in shape:
        size *= side
    pixels = [(37 * i + 5 * label * i) % 251 for label in labels
              for i in range(size)]
    write_idx(f"{folder}/{prefix}-images-idx3-ubyte", [len(labels), *shape],
              pixels)
    write_idx(f"{folder}/{prefix}-labels-idx1-ubyte", [len(labels)], labels)


def write_set(folder, classes, shape):
    write_part(folder, "train", [i % classes for i in range(40)], shape)
    write_part(folder, "t10k", [i % classes for i in range(20)], shape)


def train(folder, name, data, shape_layers, *options):
    run = f"{folder}/{name}"
    recipe = f"{folder}/{name}.toml"
    with open(recipe, "w") as file:
        file.write(f"""name = "{name}"
[data]
set = "idx"
folder = "{data}"
[network]
layers = {json.dumps(shape_layers)}
[train]
epochs = 1
batch = 20
""")
    result = signet("train", recipe, "--out", run, "--threads", 1, *options)
    return run, result


def perceptron(classes):
    return ["linear(outputs=8)", "batch-norm", "units",
            f"linear(outputs={classes})", "batch-norm"]


CONVOLUTION = ["conv(channels=4, stride=2)", "batch-norm", "units",
               "max-pool(size=2)", "flatten", "linear(outputs=3)",
               "batch-norm"]


@unittest.skipUnless(ALL, "the build has no training commands")
class Agreement(Case):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        f = cls.folder = cls.temporary.name
        cls.sets = {"same": (3, [6, 6]), "five classes": (5, [6, 6]),
                    "two classes": (2, [6, 6]), "larger": (3, [7, 7]),
                    "other sides": (3, [4, 9]), "colour": (3, [4, 3, 3])}
        for name, (classes, shape) in cls.sets.items():
            write_set(f"{f}/{name}", classes, shape)
        cls.runs, cls.models = {}, {}
        for name, layers in (("mlp", perceptron(3)), ("conv", CONVOLUTION)):
            run, result = train(f, name, f"{f}/same", layers)
            assert result.returncode == 0, result.stderr
            model = f"{f}/{name}.signet"
            result = signet("export", run, "--out", model, "--noise")
            assert result.returncode == 0, result.stderr
            cls.runs[name], cls.models[name] = run, model

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def each_command(self, kind, data):
        run, model = self.runs[kind], self.models[kind]
        out = f"{self.folder}/never"
        return [["eval", run, "--data", data],
                ["export", run, "--data", data, "--out", out],
                ["run", model, "--data", data, "--json", "--out", out],
                ["run", model, "--data", data, "--samples", "2"]]

    def test_every_command_refuses_other_data(self):
        expected = {"five classes": "must have 3 classes, as the model, but "
                                    "got 5",
                    "two classes": "must have 3 classes, as the model, but "
                                   "got 2",
                    "larger": "the images must be 1x6x6",
                    "other sides": "but got 1x4x9",
                    "colour": "but got 4x3x3"}
        for kind in ("mlp", "conv"):
            for command in self.each_command(kind, f"{self.folder}/same"):
                self.assertEqual(signet(*command).returncode, 0, command)
            os.remove(f"{self.folder}/never")
            for name, text in expected.items():
                commands = self.each_command(kind, f"{self.folder}/{name}")
                # Starting LibTorch takes long: one network goes to all.
                for command in commands[0 if kind == "mlp" else 2:]:
                    self.usage_error(*command, contains=text)
        self.assertFalse(os.path.exists(f"{self.folder}/never"))

    def test_labels_of_test_files_alone(self):
        few, many = f"{self.folder}/few", f"{self.folder}/many"
        write_part(few, "t10k", [0, 1, 1, 0], [6, 6])
        write_part(many, "t10k", [0, 1, 2, 3], [6, 6])
        for command in self.each_command("mlp", few):
            result = signet(*command)
            self.assertEqual(result.returncode, 0, result.stderr)
        os.remove(f"{self.folder}/never")
        for command in self.each_command("mlp", many):
            self.usage_error(*command, contains="below the 3 classes of the "
                             "model, but got 3")
        self.assertFalse(os.path.exists(f"{self.folder}/never"))

    def test_no_images(self):
        empty = f"{self.folder}/empty"
        write_part(empty, "t10k", [], [6, 6])
        for command in self.each_command("mlp", empty):
            result = signet(*command)
            self.assertNotEqual(result.returncode, 0)
            self.assertRegex(result.stderr, r"\Asignet: .*at least one.*\n\Z")
        lone = f"{empty}/t10k-images-idx3-ubyte"
        self.usage_error("run", self.models["mlp"], "--data", lone,
                         contains="at least one image")

    def test_data_that_changed_under_a_run(self):
        data = f"{self.folder}/changing"
        write_set(data, 3, [6, 6])
        run, result = train(self.folder, "changing-run", data, perceptron(3))
        self.assertEqual(result.returncode, 0, result.stderr)
        write_set(data, 5, [6, 6])
        for command in (["eval", run], ["export", run, "--out",
                                        f"{self.folder}/never"]):
            self.usage_error(*command, contains="must have 3 classes")
        self.usage_error("train", "--resume", "--out", run, contains="")
        write_part(data, "train", [i % 3 for i in range(40)], [6, 6])
        write_part(data, "t10k", [i % 3 for i in range(19)], [6, 6])
        result = signet("eval", run)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("have changed since it was trained", result.stderr)
        self.usage_error("train", "--resume", "--out", run,
                         contains="the data set must be that of the run")

    def test_before_any_work(self):
        """The second run does not fit: nothing of the first is evaluated."""
        other, result = train(self.folder, "five", f"{self.folder}/five classes",
                              perceptron(5))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.usage_error("eval", self.runs["mlp"], other, "--data",
                         f"{self.folder}/same",
                         contains="five on")

    def test_names_of_classes(self):
        """Two sets of ten classes of 28x28 pixels, known by their labels."""
        f = self.folder
        for name, first in (("fashion-mnist", FASHION_TEST),
                            ("mnist", MNIST_TEST)):
            write_part(f"{f}/{name}", "train", [i % 10 for i in range(40)],
                       [28, 28])
            write_part(f"{f}/{name}", "t10k", first + [0, 9], [28, 28])
        write_part(f"{f}/any", "t10k", [1, 2, 3, 4, 5, 6], [28, 28])
        for name, other in (("fashion-mnist", "mnist"),
                            ("mnist", "fashion-mnist")):
            run, result = train(f, f"run-{name}", f"{f}/{name}",
                                perceptron(10), "--set", f"data.set={name}")
            self.assertEqual(result.returncode, 0, result.stderr)
            model = f"{f}/{name}.signet"
            self.assertEqual(signet("export", run, "--out",
                                    model).returncode, 0)
            for data, code in ((name, 0), (other, 2), ("any", 0)):
                for command in (["eval", run, "--data", f"{f}/{data}"],
                                ["run", model, "--data", f"{f}/{data}"]):
                    result = signet(*command)
                    if code == 0:
                        self.assertEqual(result.returncode, 0, result.stderr)
                        continue
                    self.assertNotEqual(result.returncode, 0, command)
                    self.assertRegex(result.stderr,
                                     rf"\Asignet: .*but got {other}, as its "
                                     r"labels say\n\Z")
        # A recipe that calls one set by the other's name.
        _, result = train(f, "wrong", f"{f}/mnist", perceptron(10), "--set",
                          "data.set=fashion-mnist")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("but got mnist", result.stderr)

    def test_train_from(self):
        f = self.folder
        _, result = train(f, "from1", f"{f}/larger", CONVOLUTION, "--from",
                          self.runs["conv"])
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("train.from: the images must be 1x6x6", result.stderr)
        _, result = train(f, "from2", f"{f}/five classes", perceptron(5),
                          "--from", self.runs["mlp"])
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("train.from: the data must have 3 classes",
                      result.stderr)
        self.assertFalse(os.path.exists(f"{f}/from1"))

    def test_parts_of_a_set(self):
        data = f"{self.folder}/parts"
        shutil.copytree(f"{self.folder}/same", data)
        write_part(data, "t10k", [0, 1, 2], [7, 7])
        _, result = train(self.folder, "parts-run", data, perceptron(3))
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("test part: the images must be 1x6x6", result.stderr)


if __name__ == "__main__":
    main()
