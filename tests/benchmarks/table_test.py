"""Tests the table of benchmarks/run: verdicts, figures, both forms of output.

    table_test.py BENCHMARKS_FOLDER
"""
import pathlib
import subprocess
import sys
import unittest

BENCHMARKS = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(BENCHMARKS))

from table import measure, render  # noqa: E402
from table.rows import PEERS, ROWS, Case, Row  # noqa: E402
from table.verdict import Result, from_batches, verdict  # noqa: E402

TIMES = Case("onednn", "int8 linear 2 64 128", 5, 7)
OVERHEAD = Case("kernels_alone", "bits mlp 1", .5, .2, figure="us")
FREE = Case("faiss", "bits linear 1 64 64")


def measured(ours, theirs):
    return {"macs": 2 * 64 * 128,
            "signet": {"name": "k", "level": "scalar", "microseconds": ours},
            "peer": {"name": "p|q", "level": "AVX2", "microseconds": theirs}}


class VerdictTest(unittest.TestCase):
    def test_more_is_better(self):
        for figure, expected in ((7.1, "aim"), (7, "aim"), (6.9, "must"),
                                 (5, "must"), (4.9, "FAIL")):
            self.assertEqual(verdict(TIMES, figure), expected)

    def test_less_is_better(self):
        for figure, expected in ((-.1, "aim"), (.2, "aim"), (.3, "must"),
                                 (.5, "must"), (.6, "FAIL")):
            self.assertEqual(verdict(OVERHEAD, figure), expected)

    def test_no_goal_and_no_figure(self):
        self.assertEqual(verdict(FREE, .1), "-")
        self.assertEqual(verdict(TIMES, None), "missing")


class FigureTest(unittest.TestCase):
    def test_ratio_is_of_pairs(self):
        # A clock that halves between batches changes no ratio.
        result = from_batches(TIMES, measured([1, 2, 1, 2], [6, 12, 6, 12]))
        self.assertEqual(result.figure, 6)
        self.assertEqual(result.quartiles, (6, 6))

    def test_medians_and_rates(self):
        result = from_batches(TIMES, measured([1, 2, 4], [8, 8, 8]))
        self.assertEqual(result.figure, 4)
        self.assertEqual(result.quartiles, (3, 6))
        self.assertEqual(result.signet["microseconds"], 2)
        self.assertAlmostEqual(result.signet["gmacs"], 16384 / 2 / 1e3)

    def test_difference(self):
        result = from_batches(OVERHEAD, measured([3, 3.5, 3], [2.5, 3, 2.75]))
        self.assertEqual(result.figure, .5)

    def test_passes(self):
        case = Case("one_pass", "bits mlp-uniform 16", 20, 16, figure="passes")
        result = from_batches(case, measured([34, 36, 38], [2, 2, 2]))
        self.assertEqual(result.figure, 18)
        self.assertEqual(verdict(case, result.figure), "must")


class OutputTest(unittest.TestCase):
    def setUp(self):
        row = Row("1", "note", [TIMES, FREE])
        good = from_batches(TIMES, measured([1, 1, 1], [6, 6, 6]))
        good.command = "peer_onednn int8"
        slow = from_batches(FREE, measured([2, 2, 2], [1, 1, 1]))
        failed = from_batches(TIMES, measured([1, 1, 1], [2, 2, 2]))
        self.results = [(row, good), (row, slow), (row, failed),
                        (row, measure.missing(TIMES, ""))]

    def test_text_is_aligned(self):
        lines = render.text(self.results).splitlines()
        self.assertEqual(len(lines), 5)
        at = lines[0].index("verdict")
        self.assertEqual([line[at:at + 7].strip() for line in lines[1:]],
                         ["must", "-", "FAIL", "missing"])
        self.assertIn("peer missing: install libdnnl-dev", lines[4])

    def test_markdown_is_well_formed(self):
        lines = render.markdown_table(self.results).splitlines()
        self.assertEqual(len(lines), 6)
        for line in lines:
            self.assertTrue(line.startswith("|") and line.endswith("|"))
            self.assertEqual(line.replace("\\|", "").count("|"),
                             len(render.COLUMNS) + 1)

    def test_says_where_it_is_behind(self):
        behind = render.behind(self.results).splitlines()
        self.assertEqual(len(behind), 3)
        self.assertIn("FAISS Hamming: 0.50x", behind[0])
        self.assertIn("2.00x; must 5.00x", behind[1])
        self.assertEqual(render.behind(self.results[:1]),
                         "Nowhere in this table.")

    def test_page_and_summary(self):
        page = render.page(self.results, {"machine": "a box"},
                           measure.commands(self.results))
        self.assertIn("* machine: a box", page)
        self.assertIn("    peer_onednn int8\n", page)
        self.assertIn("4 figures: 0 reach their aim, 1 only what they must, "
                      "1 fail, 1 are missing, 1 have no goal.", page)


class RowsTest(unittest.TestCase):
    def test_every_row_of_the_goals(self):
        numbers = [row.number for row in ROWS]
        self.assertEqual(len(numbers), len(set(numbers)))
        self.assertLessEqual({str(n) for n in range(1, 19)}, set(numbers))

    def test_goals_are_in_order(self):
        for row in ROWS:
            self.assertTrue(row.cases)
            for case in row.cases:
                self.assertIn(case.program, PEERS)
                if case.must is not None:
                    self.assertEqual(case.less_is_better, case.aim < case.must)

    def test_a_program_that_is_not_built(self):
        result = measure.measure(Case("onednn", "int8 linear 1 1 1"))
        self.assertIsInstance(result, Result)


class RunTest(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run([sys.executable, BENCHMARKS / "run", *arguments],
                              capture_output=True, text=True)

    def test_help_and_usage(self):
        shown = self.run_it("--help")
        self.assertEqual(shown.returncode, 0)
        self.assertIn("install_peers", shown.stdout)
        wrong = self.run_it("--rows", "99")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("no row 99", wrong.stderr)


if __name__ == "__main__":
    unittest.main()
