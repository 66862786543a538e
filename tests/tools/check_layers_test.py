"""tools/check_layers on small trees, each of which breaks one rule."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = sys.argv.pop(1)


def run(files):
    """Exit status and output for a tree of {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, SCRIPT, folder], text=True,
                              capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr


class CheckLayers(unittest.TestCase):
    def accepts(self, files):
        status, output = run(files)
        self.assertEqual(status, 0, output)

    def rejects(self, files, expected):
        status, output = run(files)
        self.assertEqual(status, 1, output)
        self.assertIn(expected, output)
        self.assertEqual(output.count("\n"), 1, output)

    def test_down_is_allowed(self):
        self.accepts({
            "signet/data/a.h": "#include <vector>\n",
            "signet/core/a.cpp": '#include <torch/torch.h>\n',
            "signet/models/a.h": '#include "signet/runtime/kernel.h"\n'
                                 '#include <ATen/core/Tensor.h>\n',
            "signet/models/b.h": '#include "signet/models/a.h"\n',
            "signet/experiments/a.cpp": '#include "signet/export/a.h"\n',
            "cli/main.cpp": '#include "signet/experiments/a.h"\n'
                            '#include "cli/command.h"\n'})

    def test_up(self):
        self.rejects({"signet/core/a.h": '\n#include "signet/models/b.h"\n'},
                     "signet/core/a.h:2: core (level 1) must not see models "
                     "(level 2), but includes signet/models/b.h")
        self.rejects({"signet/core/a.cpp": '#include "cli/command.h"\n'},
                     "core (level 1) must not see cli (level 4)")
        self.rejects({"signet/core/a.cpp": '  #  include <signet/optim/a.h>\n'},
                     "core (level 1) must not see optim")

    def test_sideways(self):
        for part, other in (("data", "report"), ("report", "runtime"),
                            ("models", "optim"), ("measure", "models"),
                            ("export", "experiments")):
            self.rejects(
                {f"signet/{part}/a.h": f'#include "signet/{other}/b.h"\n'},
                f"{part} and {other} (both level ")

    def test_torch_in_the_torch_free_parts(self):
        for part in ("runtime", "data", "report"):
            for header in ("torch/script.h", "ATen/ATen.h", "c10/util/Half.h"):
                self.rejects(
                    {f"signet/{part}/x/a.cpp": f"#include <{header}>\n"},
                    f"{part} must not see LibTorch, but includes {header}")

    def test_the_whole_of_torch_in_a_header(self):
        self.rejects({"signet/core/a.h": "#include <torch/torch.h>\n"},
                     "signet/core/a.h:1: a header must not include "
                     "torch/torch.h")
        self.rejects({"cli/a.h": '#include "torch/torch.h"\n'},
                     "a header must not include torch/torch.h")

    def test_path_from_the_root(self):
        self.rejects({"signet/core/a.cpp": '#include "a.h"\n',
                      "signet/core/a.h": ""},
                     'by its path from the root, but got "a.h"')

    def test_part_without_level(self):
        self.rejects({"signet/extras/a.cpp": ""},
                     "extras must have a level in tools/check_layers")
        self.rejects({"signet/core/a.cpp": '#include "signet/extras/b.h"\n'},
                     "extras must have a level in tools/check_layers")

    def test_empty_tree(self):
        self.rejects({"README.md": ""}, "must hold signet/ with C++ files")


unittest.main()
