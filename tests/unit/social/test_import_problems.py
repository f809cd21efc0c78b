"""The metric of problems after an import counts failures of the server only."""

import json

import pytest
from userprofiles.social import import_problems


@pytest.mark.parametrize(("status", "count"), [(200, 0), (404, 0), (None, 0), (500, 1), (503, 1)])
def test_only_failures_of_the_server_are_counted(status, count, capsys):
    import_problems.count_error("users", status)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["ProblemsAfterImport"] for line in lines] == [[1.0]] * count
    for line in lines:
        [metric] = line["_aws"]["CloudWatchMetrics"]
        assert (metric["Namespace"], metric["Dimensions"]) == ("UserProfiles", [["service", "table", "kind"]])
        assert (line["table"], line["kind"]) == ("users", "error")
