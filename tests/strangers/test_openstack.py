"""What `scripts/strangers` makes of the results of OpenStack's tests."""

from pathlib import Path

import pytest

from tests.strangers.openstack import Result, read, report

RESULTS = """\
<testsuites><testsuite>
<testcase classname="test.functional.tests.TestFile" name="testCopy" />
<testcase classname="test.functional.tests.TestFile" name="testOld"><skipped message="not here" /></testcase>
<testcase classname="test.functional.tests.TestFile" name="testBad"><failure message="first&#10;second" /></testcase>
<testcase classname="test.functional.tests.TestFile" name="testNone"><error>no server</error></testcase>
</testsuite></testsuites>
"""


def test_results_are_read(tmp_path: Path) -> None:
    file = tmp_path / "results.xml"
    file.write_text(RESULTS)
    assert list(read(file)) == [
        Result("tests.TestFile.testCopy", "passed"),
        Result("tests.TestFile.testOld", "skipped", "not here"),
        Result("tests.TestFile.testBad", "failed", "first"),
        Result("tests.TestFile.testNone", "failed", "no server"),
    ]


def test_only_what_is_not_known_counts_as_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    results = [
        Result("a", "passed"),
        Result("b", "failed", "why"),
        Result("c", "failed", "as ever"),
        Result("d", "skipped", "not here"),
    ]
    assert report("suite", results, {"c": "of old", "a": "no more"}) == 1
    assert capsys.readouterr().out.splitlines() == [
        "suite: 1 passed, 2 failed, 1 skipped",
        "  fails: b: why",
        "  fails as known: c: of old",
        "  skipped: 1: not here",
    ]
