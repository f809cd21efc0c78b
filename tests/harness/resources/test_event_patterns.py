"""The structure of event patterns and filters is checked."""

import json

import pytest
from pulumi_localaws.resources.rules.event_patterns import find_pattern_problem


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["shop"]},
        {"detail": {"state": [{"anything-but": "x"}], "size": [{"numeric": [">", 1]}]}},
        {"$or": [{"a": ["1"]}, {"b": ["2"]}]},
        {"dynamodb": {"NewImage": {"SK": {"S": [{"prefix": "USER#"}]}}}},
    ],
)
def test_valid_pattern_has_no_problem(pattern: object) -> None:
    assert find_pattern_problem(json.dumps(pattern)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("source=shop", "the text is not valid JSON"),
        ('["shop"]', "the document must be a JSON object"),
        ('{"source": "shop"}', "source is 'shop'; allowed: a list of one or more values, or an object"),
        ('{"detail": {"kind": []}}', "detail.kind is []"),
        ('{"detail": {}}', "detail is {}"),
    ],
)
def test_invalid_pattern_has_a_problem(text: str, expected: str) -> None:
    assert expected in str(find_pattern_problem(text))
