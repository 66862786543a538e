"""tools/check_numbers on small trees, each of which breaks one rule."""
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


class CheckNumbers(unittest.TestCase):
    def accepts(self, text, file="signet/core/a.cpp"):
        status, output = run({file: text})
        self.assertEqual(status, 0, output)

    def rejects(self, text, expected, file="signet/core/a.cpp"):
        status, output = run({file: "\n" + text})
        self.assertEqual(status, 1, text)
        self.assertIn(f"{file}:2: {expected}", output)
        self.assertEqual(output.count("\n"), 1, output)

    def test_what_is_free_of_the_locale(self):
        self.accepts("auto a = fixed_text(x, 2) + std::to_string(n);\n"
                     "std::snprintf(text, sizeof text, \"%02x %s\", 1, s);\n"
                     "std::fprintf(stderr, \"%.1f s\\n\", seconds);\n"
                     "std::ostringstream out;\n"
                     "out.imbue(std::locale::classic());\n"
                     "std::from_chars(a, b, value);\n")
        self.accepts('std::printf("%.2f %%\\n", x);', "cli/run.cpp")

    def test_comments_and_texts_do_not_count(self):
        self.accepts('// std::stod(x), printf("%f")\n/* strtod(\n */\n')
        self.accepts('auto s = "// no comment"; int stod;\n')

    def test_readers(self):
        for name in ("std::stod", "std::stoll", "std::stoul", "strtod",
                     "std::strtof", "atof", "std::atoi", "sscanf"):
            self.rejects(f"auto x = {name}(text);", name.split(":")[-1] +
                         " reads by the locale")

    def test_printf(self):
        for pattern in ("%f", "%.3g", "%8.2e", "%-6.*f", "%Lf", "a %s %5.1f"):
            self.rejects(f'std::snprintf(t, n, "{pattern}",\n x);',
                         "snprintf writes by the locale")
        self.rejects("std::snprintf(t, n, format, x);", "snprintf writes")
        self.rejects('std::printf("%.2f", x);', "printf writes")
        self.rejects('std::fprintf(file, "%g", x);', "fprintf writes",
                     "cli/run.cpp")

    def test_streams(self):
        for stream in ("ostringstream", "stringstream", "istringstream",
                       "ofstream"):
            self.rejects(f"std::{stream} out(path);\nout << 1234;\n",
                         f"std::{stream} writes by the locale")
        self.rejects("std::cout << 1;", "std::cout writes")
        self.accepts("std::cout << 1;", "cli/main.cpp")

    def test_to_string_of_floats(self):
        self.rejects("auto t = std::to_string(static_cast<double>(n));",
                     "std::to_string writes")
        self.rejects("auto t = std::to_string(0.5 * n);",
                     "std::to_string writes")

    def test_the_locale_itself(self):
        self.rejects('setlocale(LC_ALL, "");', "setlocale sets the locale")
        self.rejects("std::locale::global(own);", "locale::global sets")

    def test_empty_tree(self):
        status, output = run({"README.md": ""})
        self.assertEqual(status, 1)
        self.assertIn("must hold signet/ with C++ files", output)


unittest.main()
