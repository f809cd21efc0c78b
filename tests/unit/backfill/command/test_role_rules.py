"""The roles of imported users: those of the stack, those of the options, or only the default role."""

import argparse
import json

import pytest
from userprofiles import template
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.role_rules import add_role_options, read_role_rules
from userprofiles.backfill.errors import RefusedError

OUTPUTS = {
    "usersTableName": "users",
    "template": "marketplace",
    "signUpRoles": ["customer", "vendor"],
    "approvalRoles": ["vendor"],
    "defaultRole": "customer",
}


@pytest.fixture
def read(tmp_path):
    """Return a function that reads the rules, and the list of its warnings."""

    def read_rules(*arguments, outputs=None, name="marketplace", can_set_roles=True):
        parser = CommandParser()
        add_role_options(parser)
        if outputs is not None:
            path = tmp_path / "outputs.json"
            path.write_text(outputs if isinstance(outputs, str) else json.dumps(outputs))
            arguments += ("--outputs", str(path))
        values = parser.parse_args(arguments, argparse.Namespace(template=name, table_name="users"))
        read_rules.warnings = []
        return read_role_rules(
            values, template.load(name), can_set_roles=can_set_roles, warn=read_rules.warnings.append
        )

    return read_rules


def test_without_rules_nobody_gets_another_role_than_the_default(read):
    assert read() == {"roles": ["customer"]}
    [warning] = read.warnings
    assert "every new user gets the role 'customer'" in warning
    assert "--outputs FILE" in warning


def test_default_role_of_the_options_is_the_only_one_and_needs_its_approval(read):
    assert read("--default-role", "vendor") == {
        "roles": ["vendor"],
        "approvalRoles": ["vendor"],
        "defaultRole": "vendor",
    }


def test_source_without_roles_needs_no_warning(read):
    assert read(can_set_roles=False) == {"roles": ["customer"]}
    assert read.warnings == []
    assert read(name="basic") == {"roles": ["user"]}
    assert read.warnings == []


def test_outputs_have_the_rules_of_the_stack(read):
    expected = {"roles": ["customer", "vendor"], "approvalRoles": ["vendor"], "defaultRole": "customer"}

    assert read(outputs=OUTPUTS) == expected
    assert read(outputs={"endpoint": "http://127.0.0.1:4566", "outputs": OUTPUTS}) == expected
    assert read.warnings == []
    assert read(outputs=OUTPUTS | {"approvalRoles": []}) == {
        "roles": ["customer", "vendor"],
        "defaultRole": "customer",
    }


def test_options_replace_single_rules_of_the_stack(read):
    assert read("--roles", "vendor", outputs=OUTPUTS)["roles"] == ["vendor"]
    assert read("--default-role", "vendor", outputs=OUTPUTS)["defaultRole"] == "vendor"
    assert "approvalRoles" not in read("--approval-roles", "none", outputs=OUTPUTS)
    assert read("--approval-roles", "vendor", outputs=OUTPUTS | {"approvalRoles": []})["approvalRoles"] == [
        "vendor"
    ]


def test_role_that_the_template_can_approve_is_pending_unless_an_option_says_otherwise(read):
    assert read("--roles", "customer,vendor")["approvalRoles"] == ["vendor"]
    assert "approvalRoles" not in read("--roles", "customer")
    assert "approvalRoles" not in read("--roles", "vendor", "--approval-roles", "none")
    assert read.warnings == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--roles", "king"], "--roles contains the role 'king'"),
        (["--approval-roles", "customer"], "--approval-roles contains 'customer'"),
        (["--approval-roles", "none,vendor"], "--approval-roles contains 'none'"),
        (["--default-role", "king"], "--default-role contains the role 'king'"),
    ],
)
def test_wrong_role_is_refused(read, arguments, message):
    with pytest.raises(RefusedError, match=message):
        read(*arguments)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ("{", "must be JSON, as `pulumi stack output --json` writes it"),
        ("[" * 100_000, "must be JSON"),
        ("[]", "must be a JSON object"),
        ({"outputs": []}, "must be a JSON object"),
        ({name: value for name, value in OUTPUTS.items() if name != "signUpRoles"}, "must have signUpRoles"),
        (OUTPUTS | {"approvalRoles": "vendor"}, "must have approvalRoles, a list of roles"),
        (OUTPUTS | {"approvalRoles": [7]}, "must have approvalRoles, a list of roles"),
        (OUTPUTS | {"usersTableName": "other"}, "usersTableName 'other', but --table-name is 'users'"),
        (OUTPUTS | {"template": "social"}, "template 'social', but --template is 'marketplace'"),
    ],
)
def test_outputs_of_another_stack_are_refused(read, outputs, message):
    with pytest.raises(RefusedError, match=message):
        read(outputs=outputs)


def test_missing_file_is_refused(read, tmp_path):
    with pytest.raises(RefusedError, match="can't be read: No such file"):
        read("--outputs", str(tmp_path / "none.json"))
