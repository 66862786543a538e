"""What the system limits: threads, memory, open files, control groups.
resources_test.py PROGRAM all|runtime

Each limit gives one line and no signal. Limits of threads do not hold for root,
so they are set for a user who has no other process; where that cannot be (the
tests run without root, or that user may not read the build), these are skipped.
"""

import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import unittest

from program import ALL, PROGRAM, Case, main, signet, write_data, write_idx

NOBODY = 61234  # a number that nobody has
GOLDEN = os.path.join(os.path.dirname(__file__), "../runtime/golden")
RECIPE = """name = "tiny"
seed = 1
[data]
set = "idx"
folder = "{folder}/data"
[network]
layers = ["linear(outputs=12)", "batch-norm", "units",
          "linear(outputs=3)", "batch-norm"]
[train]
epochs = 1
batch = 20
"""


def under(limit, *arguments, nobody=False, **environment):
    """The program under a shell's limit, such as "ulimit -v 300000"."""
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
            "--clear-groups"] if nobody else []
    return subprocess.run(
        [*drop, "bash", "-c", f'{limit} && exec "$0" "$@"', PROGRAM,
         *map(str, arguments)],
        capture_output=True, text=True, timeout=120,
        env={**os.environ, **environment})


class Prepared(Case):
    """A model, and in a whole build a run and a call of each command."""

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = f = temporary.name
        cls.images = f"{f}/images"
        cls.model = f"{GOLDEN}/1.2.signet"
        write_idx(cls.images, [1200, 2, 6, 7], [i % 251 for i in range(1200 * 84)])
        cls.commands = [["run", cls.model, "--data", cls.images]]
        if ALL:
            write_data(f"{f}/data")
            cls.recipe, cls.run_folder = f"{f}/r.toml", f"{f}/run"
            with open(cls.recipe, "w") as file:
                file.write(RECIPE.format(folder=f))
            done = signet("train", cls.recipe, "--out", cls.run_folder)
            assert done.returncode == 0, done.stderr
            cls.commands += [
                ["train", cls.recipe, "--overwrite", "--out", f"{f}/other"],
                ["eval", cls.run_folder],
                ["export", cls.run_folder, "--out", f"{f}/m.signet"],
                ["measure", "st", "--samples", "100"]]
        for name, _, files in os.walk(f):
            os.chmod(name, 0o777)
            for file in files:
                os.chmod(os.path.join(name, file), 0o666)
        cls.drops = (os.geteuid() == 0 and shutil.which("setpriv") and
                     under("true", "--version", nobody=True).returncode == 0)

    def setUp(self):  # its owner may be another user
        shutil.rmtree(f"{self.folder}/other", ignore_errors=True)
        if os.path.exists(f"{self.folder}/m.signet"):
            os.remove(f"{self.folder}/m.signet")

    def one_line(self, result, contains, status=2):
        self.assertEqual(result.returncode, status, result)
        # How far it was by then stands before.
        error = re.search(r"(?:\A|\n)(signet: [^\n]+)\n\Z", result.stderr)
        self.assertTrue(error, result)
        self.assertRegex(error[1], contains)


class Limits(Prepared):
    def test_more_threads_than_the_system_starts(self):
        if not self.drops:
            self.skipTest("cannot drop root")
        for command in self.commands:
            result = under("ulimit -u 8", *command, "--threads", 64, nobody=True)
            self.one_line(result, r"--threads: must be at most [1-8],.*ulimit "
                                  r"-u 8.*but got 64")
        if ALL:
            result = under("ulimit -u 3", "reproduce", "--all", "--quick",
                           "--jobs", 20, "--out", f"{self.folder}/papers",
                           nobody=True)
            self.one_line(result, "--jobs: must be at most [1-3],")

    def test_threads_that_find_no_room_for_their_stacks(self):
        result = under("ulimit -v 300000", *self.commands[0], "--threads", 1000)
        self.one_line(result, "--threads: must be at most.*ulimit -v 300000")

    def test_no_command_takes_any_number_of_threads(self):
        for command in self.commands:
            self.usage_error(*command, "--threads", 1025, contains="1024")

    def test_one_thread_starts_no_other(self):
        if not self.drops:
            self.skipTest("cannot drop root")
        commands = [[*command, "--threads", 1] for command in self.commands]
        if ALL:
            commands += [["bench", self.model, "--batch", 1],
                         ["reproduce", "noise-and-proxies", "--quick", "--jobs",
                          1, "--out", f"{self.folder}/papers"]]
        for command in commands:
            result = under("ulimit -u 1", *command, nobody=True)
            self.assertEqual(result.returncode, 0, (command, result.stderr))

    def test_too_little_address_space(self):
        for limit in (300000, 600000):
            limited = f"ulimit -v {limit}"
            if ALL:
                result = under(limited, *self.commands[1])
                self.one_line(result, f"LibTorch: must have .*{limited}.*raise")
                listing = under(limited, "--help")
                self.assertEqual(listing.returncode, 0, listing)
                self.assertIn("Not available: LibTorch", listing.stdout)
            result = under(limited, *self.commands[0])
            self.assertEqual(result.returncode, 0, result)

    def test_out_of_memory_is_one_line(self):
        # 1.6 GB of weights, and ulimit -d leaves LibTorch what it needs.
        if ALL:
            result = under("ulimit -d 1200000", "train", self.recipe, "--out",
                           f"{self.folder}/large", "--threads", 1, "--set",
                           "network.layers=['linear(outputs=20000)', "
                           "'linear(outputs=20000)', 'linear(outputs=3)']")
            self.one_line(result, "out of memory .ulimit -d 1200000", 1)

    def test_few_open_files(self):
        for command in self.commands:
            result = under("ulimit -n 5", *command)
            if result.returncode != 0:
                self.one_line(result, "[Oo]pen files", result.returncode)
                self.assertIn(result.returncode, (1, 2))

    def test_omp_num_threads(self):
        if not ALL:
            return
        for text in ("abc", "0", "-3"):
            result = under("true", *self.commands[4], OMP_NUM_THREADS=text)
            self.one_line(result, f"OMP_NUM_THREADS: must be .*{text}")
        for text in ("2,1", " "):
            result = under("true", *self.commands[4], OMP_NUM_THREADS=text)
            self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_why_the_training_commands_cannot_be_loaded(self):
        if not ALL:
            return
        bin_, lib = f"{self.folder}/copy/bin", f"{self.folder}/copy/lib"
        os.makedirs(bin_)
        os.makedirs(lib)
        program = shutil.copy(PROGRAM, bin_)
        built = os.path.join(os.path.dirname(PROGRAM), "../lib")
        for name in os.listdir(built):
            if not name.startswith("libsignet_commands"):
                os.symlink(os.path.realpath(f"{built}/{name}"), f"{lib}/{name}")
        with open(f"{lib}/libsignet_commands.so", "w") as file:
            file.write("no library")
        for asked in (["train", "--help"], ["help", "recipe"]):
            result = subprocess.run([program, *asked], capture_output=True,
                                    text=True, timeout=60)
            self.one_line(result, "training commands cannot be loaded: .*/lib")
            self.assertNotIn("unknown", result.stderr)


class ControlGroup:
    """One of version 1, for this test alone."""

    def __init__(self, controller, **limits):
        self.path = f"/sys/fs/cgroup/{controller}/signet-test-{os.getpid()}"
        os.mkdir(self.path)
        for name, value in limits.items():
            with open(f"{self.path}/{controller}.{name}", "w") as file:
                file.write(str(value))

    def __enter__(self):
        return f"echo $$ > {self.path}/cgroup.procs"

    def __exit__(self, *_):
        os.rmdir(self.path)


class ControlGroups(Prepared):
    """The limits of control groups, where this process may make some."""

    def setUp(self):
        super().setUp()
        if not ALL:
            self.skipTest("of training")

    def group(self, controller, **limits):
        try:
            return ControlGroup(controller, **limits)
        except OSError as error:
            self.skipTest(f"no control group: {error}")

    def test_threads(self):
        with self.group("pids", max=6) as enter:
            for command in self.commands:
                result = under(enter, *command, "--threads", 64)
                self.one_line(result, "--threads: must be at most [1-6],.*"
                                      "pids.max of the control group 6")

    def test_memory(self):
        with self.group("memory", limit_in_bytes=40 << 20) as enter:
            self.one_line(under(enter, *self.commands[1]),
                          "LibTorch: must have .*control group")
        with self.group("memory", limit_in_bytes=600 << 20) as enter:
            result = under(enter, "train", self.recipe, "--out",
                           f"{self.folder}/large", "--set",
                           "network.layers=['linear(outputs=20000)', "
                           "'linear(outputs=20000)', 'linear(outputs=3)']")
            self.one_line(result, "memory: must have .*control group")

    def test_the_default_number_of_threads_is_the_quota(self):
        with self.group("cpu", cfs_quota_us=100000) as enter:
            out = f"{self.folder}/quota"
            result = under(enter, "train", self.recipe, "--out", out)
            self.assertEqual(result.returncode, 0, result)
            with open(f"{out}/checkpoint.safetensors", "rb") as file:
                size, = struct.unpack("<Q", file.read(8))
                metadata = json.loads(file.read(size))["__metadata__"]
            self.assertEqual(metadata["threads"], "1")


if __name__ == "__main__":
    main()
