"""The comparison of a stored profile with what a run creates."""

import pytest
from userprofiles import template
from userprofiles.backfill.review.item_comparison import ItemComparison, is_account_changed

ID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("stored", "expected", "is_equal"),
    [
        ({"SS": ["b", "a"]}, {"SS": ["a", "b"]}, True),
        ({"NS": ["1"]}, {"NS": ["2"]}, False),
        ({"N": "1.0"}, {"N": "1"}, True),
        ({"N": "1"}, {"S": "1"}, False),
        ({"L": [{"N": "1.0"}]}, {"L": [{"N": "1"}]}, True),
        ({"M": {"a": {"N": "1.0"}}}, {"M": {"a": {"N": "1"}}}, True),
        ({"M": {"a": {"N": "1"}, "b": {"N": "1"}}}, {"M": {"a": {"N": "1"}}}, False),
    ],
)
def test_values_that_dynamodb_returns_in_another_form_are_equal(stored, expected, is_equal):
    comparison = ItemComparison(template.load("basic"))

    assert (comparison.differing_names({"a": stored}, {"a": expected}) == []) is is_equal


@pytest.mark.parametrize(("text", "names"), [(ID.replace("1", "2"), []), ("x", ["profile_id"])])
def test_random_id_of_another_value_is_equal_and_another_text_is_not(text, names):
    comparison = ItemComparison(template.load("career"))

    assert comparison.differing_names({"profile_id": {"S": text}}, {"profile_id": {"S": ID}}) == names


@pytest.mark.parametrize(
    ("changes", "is_changed"),
    [({}, False), ({"auditHead": {"S": "h"}}, True), ({"version": {"N": "2"}}, True)],
)
def test_account_with_an_audit_head_or_another_version_is_changed(changes, is_changed):
    assert is_account_changed({"version": {"N": "1"}, **changes}) is is_changed
