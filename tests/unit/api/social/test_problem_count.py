"""The function with the routes of `social` counts its failures in the metric of problems after an import."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.api.routes import LIST_FRIENDS, READ_CONTENT


def count(output: str) -> int:
    """Return how often the metric was counted in the output of the function."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return sum("ProblemsAfterImport" in line for line in lines)


def test_failure_of_the_table_is_counted(
    call: Callable[..., Any],
    social_api: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr(social_api, "LISTS", type("Lists", (), {"read_links": fail}))

    assert call(LIST_FRIENDS).status == 500
    output = capsys.readouterr().out
    assert count(output) == 1
    assert "canary" not in output


def test_error_of_the_request_is_not_counted(
    call: Callable[..., Any], add_account: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    add_account("7c9e6679-7425-40de-944b-e07fc1f90ae7")

    assert call(READ_CONTENT, "/me/content/x").status == 404
    assert count(capsys.readouterr().out) == 0
