"""Messages for wrong options of `userprofiles backfill run`."""

import pytest
from command_fixtures import run


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (
            ["--only", "0-30"],
            ["segment 8: allowed are 0 to 7", "in 8 segments", "Choose other segments, or more of them."],
        ),
        (["--only", "9-3"], ["--only: '9-3': the last number", "Write 3-9."]),
        (["--only", "0,1000000"], ["--only: '1000000': allowed are numbers from 0 to 999,999"]),
        (["--only", "a"], ["--only: 'a': allowed are numbers and ranges, such as 0-3"]),
        (
            ["--segments", "many"],
            ["--segments: must be a whole number from 1 to 1,000,000, got 'many'", "option out for 8."],
        ),
        (
            ["--table-name", "a/b"],
            ["table name 'a/b': allowed are 3 to 255 letters", "not its ARN", "aws dynamodb list-tables"],
        ),
    ],
)
def test_message_names_value_allowed_values_and_fix(capsys, arguments, messages):
    with pytest.raises(SystemExit) as raised:
        run(*arguments)

    err = capsys.readouterr().err
    assert raised.value.code == 64
    assert [message for message in messages if message not in err] == []
