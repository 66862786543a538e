"""Weights of other programs, and what cannot be exported:
foreign_weights_test.py PROGRAM all|runtime"""

import json
import struct
import tempfile
import unittest

from program import ALL, Case, main, signet, write_data

SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I8": 1}
CODES = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I8": "b"}


def number(value, dtype):
    if dtype == "BF16":  # the first half of a float
        return struct.pack("<f", value)[2:]
    return struct.pack("<" + CODES[dtype], value)


def write_tensors(path, tensors, metadata=None, dtype="F32"):
    """Safetensors: {name: (shape, values)} or (shape, values, dtype)"""
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (shape, values, *own) in tensors.items():
        kind = own[0] if own else dtype
        begin = len(data)
        data += b"".join(number(v, kind) for v in values)
        header[name] = {"dtype": kind, "shape": shape,
                        "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def eighths(count, factor):
    """Numbers that any floating-point type holds."""
    return [((i * factor) % 31 - 15) / 8 for i in range(count)]


def last(values, outer, channels, pixels):
    """[outer, channels, pixels] with its channels last."""
    return [values[(o * channels + c) * pixels + p] for o in range(outer)
            for p in range(pixels) for c in range(channels)]


# conv(3 channels, 2x2) of 2x3x3 images: kernels [3, 2, 2, 2] read either way.
KERNELS, ROWS = eighths(24, 7), eighths(12, 5)
PYTORCH = {"0.weight": ([3, 2, 2, 2], KERNELS),
           "1.weight": ([3], [1, -1, .5]), "1.bias": ([3], [.5, 0, -1]),
           "1.running_mean": ([3], [1, 0, -2]),
           "1.running_var": ([3], [1, 2, .5]),
           "1.num_batches_tracked": ([], [5], "I64"),
           "4.weight": ([1, 12], ROWS), "4.bias": ([1], [.25])}
SIGNET = {**{k: v for k, v in PYTORCH.items() if "tracked" not in k},
          "0.weight": ([3, 2, 2, 2], last(KERNELS, 3, 2, 4)),
          "4.weight": ([1, 12], last(ROWS, 1, 3, 4))}


@unittest.skipUnless(ALL, "the build has no training commands")
class ForeignWeights(Case):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        f = self.folder = temporary.name
        self.weights = f"{f}/net.safetensors"
        with open(f"{f}/net.toml", "w") as file:
            file.write("""inputs = "2x3x3"
layers = ["conv(channels=3, kernel=2, weights=real)", "batch-norm",
          "flatten", "units", "linear(outputs=1, weights=real, bias=true)"]
""")
        with open(f"{f}/points.csv", "w") as file:
            file.write(",".join(f"x{i}" for i in range(18)) + ",label\n")
            for row in range(4):
                values = eighths(18, 3 + 2 * row)
                file.write(",".join(map(str, values)) + f",{row % 2}\n")
        self.own = ["measure", "st", "--network", f"{f}/net.toml", "--data",
                    f"{f}/points.csv", "--weights", self.weights]

    def gradient(self, *more):
        result = signet(*self.own, *more, "--samples", 10, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        answer = json.loads(result.stdout)
        return answer["reference"]["gradient"], answer["command"]

    def refused(self, tensors, metadata, *more, contains):
        write_tensors(self.weights, tensors, metadata)
        self.usage_error(*self.own, *more, contains=contains)

    def test_measure_reads_them_as_they_are_meant(self):
        write_tensors(self.weights, SIGNET)
        expected, command = self.gradient("--layout", "signet")
        self.assertIn("--layout signet", command)
        for dtype in ("F32", "F16", "BF16", "F64"):
            write_tensors(self.weights, PYTORCH, {"format": "pt"}, dtype)
            self.assertEqual(self.gradient()[0], expected)
        for metadata in (None, {"format": "np"}):
            write_tensors(self.weights, PYTORCH, metadata)
            self.assertEqual(self.gradient("--layout", "pytorch")[0], expected)
        write_tensors(self.weights, {f"body.{k}": v for k, v in
                                     PYTORCH.items()}, {"format": "pt"})
        self.assertEqual(self.gradient()[0], expected)
        # The same numbers, meant otherwise.
        write_tensors(self.weights, PYTORCH)
        self.assertNotEqual(self.gradient("--layout", "signet")[0], expected)

    def test_measure_refuses_what_it_would_have_to_guess(self):
        for metadata in (None, {}, {"format": "np"}, {"format": "mlx"},
                         {"format": "tf"}, {"format": "signet-chekpoint"}):
            self.refused(PYTORCH, metadata, contains="--layout pytorch")
        self.refused(PYTORCH, None, "--layout", "torch",
                     contains="pytorch or signet")
        self.refused({**PYTORCH, "7.gamma": ([3], [1, 1, 1])},
                     {"format": "pt"}, contains="7.gamma [3]")
        self.refused({("conv" + k[1:] if k == "0.weight" else k): v
                      for k, v in PYTORCH.items()}, {"format": "pt"},
                     contains="conv.weight [3, 2, 2, 2]; in their place the "
                     "network expects, in the layout pytorch: 0.weight [3, 2, "
                     "2, 2]")
        self.usage_error("measure", "st", "--layout", "pytorch",
                         contains="--weights")

    def test_info_says_whose_they_are(self):
        write_tensors(self.weights, PYTORCH,
                      {"format": "pt", "layers": "not ours"})
        result = signet("info", self.weights)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("format: pt", result.stdout)
        self.assertNotIn("checkpoint", result.stdout)

    def train(self, *arguments):
        with open(f"{self.folder}/recipe.toml", "w") as file:
            file.write(f"""[data]
set = "idx"
folder = "{self.folder}/data"
[network]
layers = ["linear(outputs=4, weights=real)", "batch-norm", "units",
          "linear(outputs=3)"]
[train]
epochs = 1
""")
        return signet("train", f"{self.folder}/recipe.toml", *arguments)

    def test_training_starts_from_them_and_says_what_cannot_be_exported(self):
        write_data(f"{self.folder}/data")
        tensors = {"0.weight": ([4, 36], eighths(144, 7)),
                   **{f"1.{k}": ([4], [1, 2, 1, 2]) for k in
                      ("weight", "bias", "running_mean", "running_var")},
                   "3.weight": ([3, 4], eighths(12, 5))}
        write_tensors(self.weights, tensors, dtype="F16")
        run = f"{self.folder}/run"
        arguments = ("--out", run, "--from", self.weights)
        result = self.train(*arguments)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("train.layout", result.stderr)
        result = self.train("--out", run, "--layout", "pytorch")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("train.from", result.stderr)
        result = self.train(*arguments, "--layout", "pytorch", "--set",
                            "optimizer.rate=0")
        self.assertEqual(result.returncode, 0, result.stderr)
        why = ("layer 0.linear must have binary weights to be packed, but they "
               "are real")
        self.assertIn("note: 'signet export' will refuse this network: "
                      f"{why}\n", result.stderr)
        self.usage_error("export", run, "--out", f"{self.folder}/x.signet",
                         contains=f"export: {why}")
        with open(f"{run}/recipe.toml") as file:
            self.assertIn("layout = 'pytorch'", file.read())


if __name__ == "__main__":
    main()
