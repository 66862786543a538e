"""signet reproduce: reproduce_test.py PROGRAM all|runtime"""

import json
import os
import tempfile
import unittest

from program import ALL, Case, main, signet

NAME = "noise-and-proxies"  # takes no time


@unittest.skipUnless(ALL, "the build has no training commands")
class Reproduce(Case):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.out = f"{temporary.name}/records"
        self.page = f"{temporary.name}/papers.html"

    def reproduce(self, *arguments):
        result = signet("reproduce", *arguments, "--out", self.out)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def test_list_names_every_experiment_and_its_claims(self):
        text = self.reproduce("--list").stdout
        self.assertIn(NAME, text)
        self.assertIn("Noise can be scaled", text)
        self.assertFalse(os.path.exists(self.out))

    def test_runs_once_and_renders_without_running(self):
        first = self.reproduce(NAME, "--quick")
        self.assertIn("reproduced", first.stdout)
        self.assertNotIn("kept", first.stdout)
        record = f"{self.out}/{NAME}.json"
        before = os.stat(record).st_mtime_ns
        self.assertIn("kept", self.reproduce(NAME, "--quick").stdout)
        self.reproduce("--report", self.page)
        self.assertEqual(os.stat(record).st_mtime_ns, before)
        with open(self.page) as file:
            page = file.read()
        self.assertIn("<p class=\"verdict good\">reproduced</p>", page)
        self.assertIn(f"signet reproduce {NAME} --quick --seeds 3", page)
        self.assertIn("--again", self.reproduce(NAME, "--quick").stdout)
        self.assertNotIn(
            "kept", self.reproduce(NAME, "--quick", "--again").stdout)

    def test_findings_as_json(self):
        result = self.reproduce(NAME, "--quick", "--json", "--seeds", 2)
        findings = json.loads(result.stdout)[0]
        self.assertEqual(findings["experiment"], NAME)
        for claim in findings["claims"]:
            self.assertEqual(claim["verdict"], "reproduced")
            self.assertLessEqual(claim["low"], claim["value"])
            self.assertLessEqual(claim["value"], claim["high"])
        derived, = (c for c in findings["claims"] if c["claim"] == "derived")
        self.assertLessEqual(derived["value"], 1e-12)

    def test_errors(self):
        self.usage_error("reproduce", contains="--list")
        self.usage_error("reproduce", "noise-and-proxy", contains=NAME)
        self.usage_error("reproduce", NAME, "--quick", "--full",
                         contains="exclude")
        self.usage_error("reproduce", "--report", self.page, "--out",
                         self.out, contains="no record")
        self.reproduce(NAME, "--quick")
        with open(f"{self.out}/{NAME}.json", "r+") as file:
            file.truncate(100)
        self.usage_error("reproduce", "--report", self.page, "--out",
                         self.out, contains="remove it")
        result = signet("reproduce", NAME, "--quick", "--data", self.out,
                        "--out", self.out)
        self.assertEqual(result.returncode, 1)
        self.assertIn("must hold train-labels-idx1-ubyte", result.stderr)


if __name__ == "__main__":
    main()
