"""What the program writes, and where: writing_test.py PROGRAM all|runtime

Devices, FIFOs and links are made by these tests in a folder of their own: a
mistake must not reach /dev."""

import json
import os
import random
import resource
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import unittest

from program import ALL, ONE_LINE, PROGRAM, Case, main, signet, write_data, \
    write_idx

# All files are written in one place: for most of its cases the commands that
# need not load LibTorch will do, the first of writers().
FEW = 3
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
MODEL = f"{ROOT}/tests/runtime/golden/1.0.signet"
RECIPE = """[data]
set = "idx"
folder = "{folder}/data"
[network]
layers = ["linear(outputs=20)", "batch-norm", "units",
          "linear(outputs=3)", "batch-norm"]
[train]
epochs = 1
batch = 20
"""


def program(*arguments, **options):
    """As signet(), in bytes and with the options of subprocess."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.run([PROGRAM, *map(str, arguments)], timeout=120,
                          **options)


def in_shell(redirections, *arguments):
    """With what subprocess cannot do to the descriptors: ">&-"."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirections}', "sh", PROGRAM,
         *map(str, arguments)], capture_output=True, timeout=120)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def in_background(action, *arguments):
    """A thread that a failed test need not wait for."""
    thread = threading.Thread(target=action, args=arguments, daemon=True)
    thread.start()
    return thread


class Folder(Case):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        f = cls.common = cls.temporary.name
        info = json.loads(signet("info", MODEL, "--json").stdout)
        sizes = info["layers"][0]["shape"].split(" -> ")[0].split("x")
        *pixels, channels = map(int, sizes)
        shape = [20, channels, *pixels]
        count = channels
        for n in pixels:
            count *= n
        rng = random.Random(3)
        cls.images = f"{f}/images"
        write_idx(cls.images, shape,
                  [rng.randrange(256) for _ in range(20 * count)])
        if not ALL:
            return
        write_data(f"{f}/data", train=100, test=20)
        cls.recipe, cls.run_folder = f"{f}/r.toml", f"{f}/run"
        with open(cls.recipe, "w") as file:
            file.write(RECIPE.format(folder=f))
        result = signet("train", cls.recipe, "--out", cls.run_folder,
                        "--threads", 1)
        assert result.returncode == 0, result.stderr

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name

    def writers(self):
        """Every option that names a file that is written, to be followed by
        its path."""
        writers = [["run", MODEL, "--data", self.images, "--out"],
                   ["embed", MODEL, "--name", "model", "--out"]]
        if ALL:
            writers += [
                ["report", self.run_folder, "--out"],
                ["export", self.run_folder, "--threads", 1, "--out"],
                ["export", self.run_folder, "--threads", 1, "--out",
                 f"{self.folder}/other", "--c-array"],
                ["measure", "st", "--samples", 10, "--learn", 0, "--report"],
                ["reproduce", "noise-and-proxies", "--quick", "--out",
                 f"{self.folder}/records", "--report"],
                ["reproduce", "noise-and-proxies", "--quick", "--out",
                 f"{self.folder}/records", "--markdown"]]
        return writers

    def assert_done(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)

    def one_line(self, result, status, contains):
        """The error alone, but for progress and a warning before it."""
        self.assertEqual(result.returncode, status, result)
        error = result.stderr
        error = error if isinstance(error, str) else error.decode()
        lines = [line for line in error.splitlines(True)
                 if line.startswith("signet: ")]
        self.assertEqual(len(lines), 1, error)
        self.assertRegex(lines[0], ONE_LINE)
        self.assertIn(contains, lines[0])
        self.assertTrue(error.endswith(lines[0]), error)


class Places(Folder):
    """What is there already stays what it is."""

    def test_a_users_own_files_stay(self):
        for arguments in self.writers()[:FEW]:
            out = f"{self.folder}/out"
            for name in ("out.tmp", ".out.tmp"):
                with open(f"{self.folder}/{name}", "w") as file:
                    file.write("mine")
            self.assert_done(signet(*arguments, out))
            self.assertEqual(read(f"{self.folder}/out.tmp"), b"mine")
            self.assertEqual(read(f"{self.folder}/.out.tmp"), b"mine")
            self.assertLessEqual(
                set(os.listdir(self.folder)),
                {"out", "out.tmp", ".out.tmp", "other", "records"})

    def test_links_are_followed(self):
        os.mkdir(f"{self.folder}/far")
        os.symlink("far/target", f"{self.folder}/link")
        os.symlink("loop", f"{self.folder}/loop")
        for arguments in self.writers():
            self.assert_done(signet(*arguments, f"{self.folder}/link"))
            self.assertTrue(os.path.islink(f"{self.folder}/link"))
            target = f"{self.folder}/far/target"
            self.assertGreater(len(read(target)), 100, arguments)
            os.remove(target)  # so that the next finds a link to nothing
            self.one_line(signet(*arguments, f"{self.folder}/loop"), 2,
                          "circle")

    def test_fifos(self):
        fifo = f"{self.folder}/fifo"
        os.mkfifo(fifo)
        for arguments in self.writers():
            seen = []
            reader = in_background(lambda: seen.append(read(fifo)))
            result = signet(*arguments, fifo)
            self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode), arguments)
            reader.join(60)
            self.assert_done(result)
            self.assertGreater(len(seen[0]), 100)

    def test_devices(self):
        null, full = f"{self.folder}/null", f"{self.folder}/full"
        try:
            os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            os.mknod(full, stat.S_IFCHR | 0o666, os.makedev(1, 7))
            os.close(os.open(null, os.O_WRONLY))
        except OSError:
            self.skipTest("needs root and a folder that may hold devices")
        for arguments in self.writers():
            self.assert_done(signet(*arguments, null))
            self.one_line(signet(*arguments, full), 1,
                          f"{full}: could not write: No space left")
            for node in (null, full):
                self.assertTrue(stat.S_ISCHR(os.stat(node).st_mode))

    def test_sockets(self):
        path = f"{self.folder}/socket"
        for arguments in self.writers()[:FEW]:
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(path)
                server.listen(1)
                seen = []

                def take():
                    with server.accept()[0] as client:
                        seen.append(b"".join(
                            iter(lambda: client.recv(1 << 16), b"")))
                taker = in_background(take)
                self.assert_done(signet(*arguments, path))
                taker.join(60)
                self.assertGreater(len(seen[0]), 100)
            self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
            self.one_line(signet(*arguments, path), 1, "Connection refused")
            os.remove(path)

    def test_process_substitution(self):
        for arguments in self.writers()[:FEW]:
            ours, theirs = os.pipe()
            with open(ours, "rb") as pipe:
                seen = []
                reader = in_background(lambda: seen.append(pipe.read()))
                result = program(*arguments, f"/dev/fd/{theirs}",
                                 pass_fds=[theirs])
                os.close(theirs)
                reader.join(60)
            self.assert_done(result)
            self.assertGreater(len(seen[0]), 100)
            # The summary is where it always is.
            self.assertTrue(result.stdout)

    def test_standard_output_holds_the_file_alone(self):
        os.symlink("/proc/self/fd/1", f"{self.folder}/stdout")
        for arguments in self.writers():
            plain = f"{self.folder}/plain"
            self.assert_done(signet(*arguments, plain))
            for out in ("-", f"{self.folder}/stdout"):
                result = program(*arguments, out)
                self.assert_done(result)
                self.assertGreater(len(result.stdout), 100)
                if arguments[-1] == "--c-array":
                    self.assertIn(b"_bytes", result.stdout)
                elif arguments[0] in ("run", "embed", "export"):
                    self.assertEqual(result.stdout, read(plain), arguments)
                elif "--markdown" in arguments:
                    self.assertEqual(result.stdout[:2], b"# ")
                else:
                    self.assertEqual(result.stdout[:9].lower(), b"<!doctype")
                # Into a file as well, which the shell opened.
                file = f"{self.folder}/file"
                with open(file, "wb") as stream:
                    stream.write(b"head")
                    stream.flush()
                    self.assert_done(program(*arguments, out, stdout=stream))
                self.assertEqual(read(file)[:4], b"head")
                self.assertEqual(read(file)[4:13], result.stdout[:9])

    def test_both_outputs_in_one_place(self):
        pairs = []
        if ALL:
            pairs += [["export", self.run_folder, "--out", "{}",
                       "--c-array", "{}"],
                      ["reproduce", "noise-and-proxies", "--quick", "--out",
                       f"{self.folder}/records", "--report", "{}",
                       "--markdown", "{}"]]
        for pair in pairs:
            for out in ("-", f"{self.folder}/same"):
                self.usage_error(*[out if a == "{}" else a for a in pair],
                                 contains="must be another file")
        copy = f"{self.folder}/model"
        write(copy, read(MODEL))
        for arguments in (["embed", copy, "--out", copy],
                          ["run", copy, "--data", self.images, "--out", copy],
                          ["run", MODEL, "--data", copy, "--out", copy]):
            self.usage_error(*arguments, contains="must be another file")
        self.assertEqual(read(copy), read(MODEL))

    @unittest.skipUnless(ALL, "the build has no training commands")
    def test_run_folder_files_behind_links(self):
        run, far = f"{self.folder}/run", f"{self.folder}/far"
        os.mkdir(run)
        os.mkdir(far)
        for name in ("recipe.toml", "checkpoint.safetensors"):
            os.symlink(f"{far}/{name}", f"{run}/{name}")
        with open(f"{run}/results.json.tmp", "w") as file:
            file.write("mine")
        self.assert_done(signet("train", self.recipe, "--out", run,
                                "--threads", 1))
        self.assert_done(signet("eval", run))
        self.assertTrue(os.path.islink(f"{run}/recipe.toml"))
        self.assertIn("recipe.toml", os.listdir(far))
        self.assertEqual(read(f"{run}/results.json.tmp"), b"mine")


class Inputs(Folder):
    def test_dash_is_standard_input(self):
        model = read(MODEL)
        for command in (["info"], ["info", "--json"]):
            result = program(*command, "-", input=model)
            self.assert_done(result)
            self.assertEqual(
                result.stdout.replace(b"standard input", MODEL.encode()),
                program(*command, MODEL).stdout)
        out = f"{self.folder}/out"
        self.assert_done(signet("run", MODEL, "--data", self.images, "--out",
                                out))
        for arguments, data in (
                (["run", "-", "--data", self.images], model),
                (["run", MODEL, "--data", "-"], read(self.images))):
            result = program(*arguments, "--out", "-", input=data)
            self.assert_done(result)
            self.assertEqual(result.stdout, read(out))
        self.assert_done(signet("embed", MODEL, "--out", out, "--name", "m"))
        result = program("embed", "-", "--out", "-", "--name", "m",
                         input=model)
        self.assertEqual(result.stdout, read(out))
        self.assertIn(b"model_bytes",
                      program("embed", MODEL, "--out", "-").stdout)

    def test_pipes(self):
        """zcat model.gz | signet run /dev/stdin, signet run <(...)"""
        expected = signet("run", MODEL, "--data", self.images, "--out", "-")
        for arguments, data in (
                (["run", "{}", "--data", self.images, "--out", "-"], MODEL),
                (["run", MODEL, "--data", "{}", "--out", "-"], self.images),
                (["info", "{}"], MODEL),
                (["embed", "{}", "--out", "-"], MODEL)):
            fifo = f"{self.folder}/fifo"
            os.mkfifo(fifo)
            writer = in_background(write, fifo, read(data))
            result = signet(*[fifo if a == "{}" else a for a in arguments])
            writer.join(60)
            self.assert_done(result)
            if arguments[0] == "run":
                self.assertEqual(result.stdout, expected.stdout)
            os.remove(fifo)

    def test_only_once(self):
        result = program("run", "-", "--data", "-", input=read(MODEL))
        self.one_line(result, 1, "standard input: must be read once")
        self.one_line(program("info", "-", input=b"x"), 2,
                      "standard input: model file: not a signet model")
        for command in (["info", "-"], ["run", "-", "--data", "x"]):
            self.one_line(in_shell("<&-", *command), 1,
                          "standard input: must be open for reading")

    @unittest.skipUnless(ALL, "the build has no training commands")
    def test_recipes_networks_weights_and_data(self):
        result = program("train", "-", "--out", f"{self.folder}/run",
                         "--threads", 1, input=read(self.recipe))
        self.assert_done(result)
        self.one_line(program("train", "-", "--out", f"{self.folder}/never",
                              input=b"[train]\nepoch = 1"), 2, "epoch")
        result = program("info", "-", input=read(
            f"{self.run_folder}/checkpoint.safetensors"))
        self.assert_done(result)
        self.assertIn(b"epoch 1", result.stdout)
        files = {
            "network": b"""inputs = 2
layers = ["linear(outputs=3, weights=real)", "units(encoding=bits)",
          "linear(outputs=1, weights=real)"]
""", "data": b"x,y,label\n0.5,-1,1\n-0.3,2,-1\n1,1,1\n"}
        for name, text in files.items():
            write(f"{self.folder}/{name}", text)
        for name, text in files.items():
            arguments = ["measure", "st", "--samples", 10]
            for other in files:
                arguments += [f"--{other}", "-" if other == name else
                              f"{self.folder}/{other}"]
            self.assert_done(program(*arguments, input=text))
        self.one_line(program("bench", "-", input=b"x"), 2, "signet model")


class Refusals(Folder):
    """Outputs are checked before the work: these inputs are not there."""

    COMMANDS = [["run", "none", "--data", "none", "--out"],
                ["embed", "none", "--out"],
                ["report", "none", "--out"]]
    TRAINING = [["export", "none", "--out"],
                ["export", "none", "--out", "{}/x", "--c-array"],
                ["measure", "no-estimator", "--report"],
                ["reproduce", "--report"],
                ["reproduce", "--markdown"]]

    def commands(self):
        all_of_them = self.COMMANDS + (self.TRAINING if ALL else [])
        return [[a.format(self.folder) for a in arguments]
                for arguments in all_of_them]

    def refused(self, arguments, contains):
        result = signet(*arguments)
        self.assertIn(result.returncode, (1, 2), arguments)
        self.one_line(result, result.returncode, contains)
        self.assertEqual(result.stdout, "")

    def test_files(self):
        f = self.folder
        os.symlink("a", f"{f}/b")
        os.symlink("b", f"{f}/a")
        with open(f"{f}/file", "w"):
            pass
        for arguments in self.commands():
            cases = (("", "must be a name, but got an empty one"),
                     (f"{f}/none/x", f"there is no {f}/none"),
                     (f, "must be a file, but got a folder"),
                     (f"{f}/", "must be the name of a file"),
                     (f"{f}/file/x", "Not a directory"),
                     (f"{f}/a", "circle of links"),
                     (f"{f}/" + 256 * "x", "File name too long"))
            few = arguments not in self.COMMANDS
            for path, text in cases[:2] if few else cases:
                self.refused([*arguments, path], text)

    def test_without_permission(self):
        """As nobody: root may write everywhere."""
        f = self.folder
        os.chmod(f, 0o777)
        with open(f"{f}/kept", "w") as file:
            file.write("old")
        os.chmod(f"{f}/kept", 0o444)
        os.mkdir(f"{f}/shut", 0o555)
        options = {}
        if os.getuid() == 0:
            options = {"user": 65534, "group": 65534, "extra_groups": []}
        try:
            self.assert_done(program("info", MODEL, **options))
        except PermissionError:
            self.skipTest("the program is where nobody may not go")
        for arguments in self.commands():
            for path in (f"{f}/kept", f"{f}/shut/x"):
                result = program(*arguments, path, **options)
                self.one_line(result, result.returncode, "Permission denied")
        if ALL:
            for path in (f"{f}/shut", f"{f}/shut/new/run"):
                result = program("train", "none", "--out", path, **options)
                self.one_line(result, 2, "Permission denied")
        self.assertEqual(read(f"{f}/kept"), b"old")

    @unittest.skipUnless(ALL, "the build has no training commands")
    def test_folders(self):
        f = self.folder
        with open(f"{f}/file", "w"):
            pass
        os.symlink("none", f"{f}/link")
        for arguments in (["train", "none", "--out"],
                          ["reproduce", "noise-and-proxies", "--out"]):
            for path, text in (
                    ("", "but got an empty one"),
                    ("-", "must be the name of a folder"),
                    (f"{f}/file", "must be a folder, but got a file"),
                    (f"{f}/file/x", "ile"),
                    (f"{f}/link", "link to nothing")):
                self.refused([*arguments, path], text)
        os.makedirs(f"{f}/run/checkpoint.safetensors")
        self.refused(["train", self.recipe, "--out", f"{f}/run"],
                     "checkpoint.safetensors: must be a file, but got a folder")
        os.makedirs(f"{f}/records/noise-and-proxies.json")
        self.refused(["reproduce", "noise-and-proxies", "--out",
                      f"{f}/records"], "must be a file, but got a folder")


class StandardStreams(Folder):
    def printers(self):
        """Every command, and what it prints at least."""
        printers = [["--help"], ["--version"], ["info", "--help"],
                    ["run", "--help"], ["embed", "--help"],
                    ["report", "--help"],
                    ["calibrate", "--help"], ["info", MODEL],
                    ["info", MODEL, "--json"],
                    ["run", MODEL, "--data", self.images],
                    ["run", MODEL, "--data", self.images, "--json"],
                    ["run", MODEL, "--data", self.images, "--out", "-"],
                    ["embed", MODEL, "--out", f"{self.folder}/m.h"],
                    ["embed", MODEL, "--out", "-"]]
        if ALL:
            run, tiny = self.run_folder, ["st", "--samples", 10, "--learn", 0]
            printers += [
                ["estimators"], ["estimators", "--markdown"], ["optimizers"],
                ["help", "recipe"], ["help", "layers"], ["help", "st"],
                ["help", "train"], ["cite", "--all"], ["cite", "disarm"],
                ["reproduce", "--list"],
                ["reproduce", "noise-and-proxies", "--quick", "--out",
                 f"{self.folder}/records"],
                ["reproduce", "noise-and-proxies", "--quick", "--json",
                 "--out", f"{self.folder}/records"],
                ["measure", *tiny], ["measure", *tiny, "--json"],
                ["train", self.recipe, "--threads", 1, "--overwrite", "--out",
                 f"{self.folder}/run"],
                ["train", self.recipe, "--threads", 1, "--overwrite", "--json",
                 "--out", f"{self.folder}/run"],
                ["eval", run], ["eval", run, "--json"], ["report", run],
                ["export", run, "--out", f"{self.folder}/m"],
                ["export", run, "--json", "--out", f"{self.folder}/m"],
                ["export", run, "--out", "-"],
                ["bench", MODEL, "--batch", 1],
                ["bench", MODEL, "--batch", 1, "--json"],
                *([c, "--help"] for c in (
                    "train", "eval", "export", "bench", "measure",
                    "reproduce", "estimators", "optimizers", "help", "cite"))]
        return printers

    def test_full(self):
        for arguments in self.printers():
            with open("/dev/full", "wb") as full:
                result = program(*arguments, stdout=full)
            self.one_line(result, 1, "standard output: could not write: "
                                     "No space left on device")

    # One place in main.cpp sees to these: some of the commands will do.
    def test_closed_pipe(self):
        for arguments in self.printers()[::4]:
            ours, theirs = os.pipe()
            os.close(ours)
            result = program(*arguments, stdout=theirs)
            os.close(theirs)
            self.one_line(result, 1,
                          "standard output: could not write: Broken pipe")

    def test_closed(self):
        for arguments in self.printers()[1::4]:
            self.one_line(in_shell(">&-", *arguments), 1,
                          "standard output: must be open for writing")
        self.assertEqual(os.listdir(self.folder), [])  # said before the work

    def test_errors_keep_their_status(self):
        with open("/dev/full", "wb") as full:
            result = program("info", "none", stdout=full)
        self.one_line(result, 2, "there is no 'none'")

    def test_nobody_reads_errors(self):
        """A data file must not get the number of a closed stream."""
        out = f"{self.folder}/out"
        self.assert_done(signet("run", MODEL, "--data", self.images, "--out",
                                out))
        expected = read(out)
        for redirections in ("2>&-", "<&- 2>&-", "<&-"):
            os.remove(out)
            self.assert_done(in_shell(redirections, "run", MODEL, "--data",
                                      self.images, "--out", out))
            self.assertEqual(read(out), expected)
        self.assertEqual(in_shell("2>&-", "info", "none").returncode, 2)
        if not ALL:
            return
        for redirections in ("2>&-", "<&- 2>&-"):
            run = f"{self.folder}/run"
            self.assert_done(in_shell(
                redirections, "train", self.recipe, "--threads", 1,
                "--overwrite", "--out", run))
            for name in ("metrics.csv", "recipe.toml", "results.json"):
                self.assertNotIn(b"products in fp32", read(f"{run}/{name}"))
            self.assertRegex(read(f"{run}/metrics.csv"),
                             rb"\Aepoch,[^\n]*\n1,[^\n]*\n\Z")


class Limits(Folder):
    """Beyond the limit of sizes a write fails; it does not kill."""

    @staticmethod
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)

    def test_every_writer(self):
        writers = self.writers()
        if ALL:
            writers.append(["train", self.recipe, "--threads", 1, "--out"])
            self.assert_done(signet("reproduce", "noise-and-proxies",
                                    "--quick", "--out",
                                    f"{self.folder}/records"))
        for arguments in writers:
            out = f"{self.folder}/out"
            self.one_line(program(*arguments, out, preexec_fn=self.limited),
                          1, "File too large")
            left = [name for _, _, files in os.walk(self.folder)
                    for name in files]
            self.assertFalse([n for n in left if "tmp" in n or n == "out"],
                             arguments)

    def test_standard_output(self):
        with open(f"{self.folder}/file", "wb") as file:
            result = program("--help", stdout=file, preexec_fn=self.limited)
        self.one_line(result, 1,
                      "standard output: could not write: File too large")


class Kills(Folder):
    def test_what_a_killed_writer_left_goes_with_the_next(self):
        left = f"{self.folder}/.out.tmp-99-0123abcd"
        with open(left, "w") as file:
            file.write("half")
        self.assert_done(signet("embed", MODEL, "--name", "m", "--out",
                                f"{self.folder}/out"))
        self.assertEqual(os.listdir(self.folder), ["out"])

    def test_writers_of_one_path(self):
        out = f"{self.folder}/out"
        names = ["a", "b" * 50, "c" * 90]
        whole = []
        for name in names:
            self.assert_done(signet("embed", MODEL, "--name", name, "--out",
                                    out))
            whole.append(read(out))
        for _ in range(5):
            writers = [subprocess.Popen(
                [PROGRAM, "embed", MODEL, "--name", name, "--out", out],
                stdout=subprocess.DEVNULL) for name in names]
            self.assertEqual([w.wait(60) for w in writers], [0, 0, 0])
            self.assertIn(read(out), whole)
        self.assertEqual(os.listdir(self.folder), ["out"])


if __name__ == "__main__":
    main()
