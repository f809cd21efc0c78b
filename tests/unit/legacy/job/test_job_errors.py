"""Errors of a source become errors of a command."""

import pytest
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.legacy.errors import (
    MappingError,
    SourceDamagedError,
    SourceRefusedError,
    SourceUnavailableError,
)
from userprofiles.legacy.job.job_errors import translate_error


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (SourceRefusedError("the reason"), ExitCode.REFUSED),
        (MappingError("name", ["the reason"]), ExitCode.REFUSED),
        (SourceUnavailableError("the reason"), ExitCode.FAILED),
        (SourceDamagedError("users.bson", "byte 5", "the reason"), ExitCode.FAILED),
    ],
)
def test_error_of_a_source_has_its_exit_code(error, exit_code):
    translation = translate_error(error)

    assert exit_code_of(translation) == exit_code
    assert "the reason" in str(translation)
