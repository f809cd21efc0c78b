"""Users who get no profile."""

import pytest
from userprofiles.backfill.users.skip_rule import SkipRule


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, None),
        ({"status": {"S": "active"}}, None),
        ({"status": {"S": "CONFIRMED"}}, None),
        ({"status": {"NULL": True}}, None),
        ({"status": {"S": "inactive"}}, "inactive"),
        ({"status": {"S": "disabled"}}, "inactive"),
        ({"status": {"S": "suspended"}}, "inactive"),
        ({"status": {"S": "deleted"}}, "softDeleted"),
        ({"status": {"S": " Inactive "}}, "inactive"),
        ({"isActive": {"BOOL": False}}, "inactive"),
        ({"isActive": {"BOOL": True}}, None),
        ({"active": {"BOOL": False}}, "inactive"),
        ({"active": {"N": "0"}}, "inactive"),
        ({"active": {"S": "False"}}, "inactive"),
        ({"active": {"NULL": True}}, None),
        ({"active": {"S": ""}}, None),
        ({"isDeleted": {"BOOL": True}}, "softDeleted"),
        ({"isDeleted": {"BOOL": False}}, None),
        ({"deleted": {"S": "true"}}, "softDeleted"),
        ({"deletedAt": {"S": "2025-11-01T00:00:00Z"}}, "softDeleted"),
        ({"deletedAt": {"N": "1762000000"}}, "softDeleted"),
        ({"deletedAt": {"S": ""}}, None),
        ({"deletedAt": {"NULL": True}}, None),
        ({"deletedAt": {"BOOL": False}}, None),
        ({"status": {"S": "inactive"}, "deletedAt": {"S": "2025"}}, "softDeleted"),
    ],
)
def test_skip_reason(attributes, expected):
    assert SkipRule().skip_reason(attributes) == expected


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"status": {"N": "3"}}, "status is a number, not a string"),
        ({"isActive": {"L": []}}, "isActive is a list, not true or false"),
        ({"deleted": {"S": "perhaps"}}, "deleted has a value that is neither true nor false"),
    ],
)
def test_unusable_value_is_an_error(attributes, message):
    """Read as active, a deleted user would get a profile."""
    with pytest.raises(ValueError, match=message):
        SkipRule().skip_reason(attributes)


def test_flags_change_the_rule():
    rule = SkipRule(statuses=("banned",), flags=("isDeleted",))

    assert rule.skip_reason({"status": {"S": "banned"}}) == "inactive"
    assert rule.skip_reason({"status": {"S": "inactive"}}) is None
    assert rule.skip_reason({"isActive": {"BOOL": False}}) is None
    assert rule.skip_reason({"deletedAt": {"S": "2025"}}) is None
    assert rule.skip_reason({"isDeleted": {"BOOL": True}}) == "softDeleted"


def test_rule_is_the_same_after_to_json_and_from_json():
    rule = SkipRule(statuses=("b", "a"), flags=("deleted",))

    assert SkipRule.from_json(rule.to_json()) == rule
    assert SkipRule.from_json(None) == SkipRule()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"status": ["x"]}, "unknown key 'status' in the rule; allowed: statusValues, flags"),
        ({"statusValues": "inactive"}, "statusValues must be a list of strings"),
        ({"flags": ["gone"]}, "unknown flag 'gone'; allowed: isActive, active"),
    ],
)
def test_wrong_rule_is_refused(document, message):
    with pytest.raises(ValueError, match=message):
        SkipRule.from_json(document)
