"""Children of components: each is declared, has the component's name as prefix, and can be transformed."""

import os
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
from component_programs import SES_IDENTITY, TARGETS, WEB_ACL, arn, whole_stack
from component_recording import Recording, Resource, record
from component_schema import hosted_components
from pulumi_userprofiles import SignupToProfile, UserPool, UserPoolArgs
from pulumi_userprofiles.cognito_triggers import TRIGGERS
from pulumi_userprofiles.component import Component
from pulumi_userprofiles.phone_sign_in_functions import CHALLENGES
from pulumi_userprofiles.sign_up_triggers import SignUpTriggers

OPTIONAL_NAMES = Path(__file__).parent / "golden" / "optional_names.txt"
COMPONENTS: dict[str, type[Component]] = {
    f"userprofiles:index:{component.__name__}": component for component in hosted_components()
}
OPTIONS: dict[str, Any] = {
    "allowed_origins": ["https://example.com"],
    "backup_retention_days": 35,
    "user_pool": {
        "groups": ["admins", "support"],
        "further_clients": ["admin-web"],
        "web_acl_arn": WEB_ACL,
        "email_from": {"identity_arn": SES_IDENTITY, "address": "a@example.com"},
    },
    "triggers": {"pre_authentication": arn("lambda", "function:theirs:live")},
    "texts_by_language": {"de": {"verification_email_subject": "Ihr Code"}},
    "after_sign_up": TARGETS,
    "phone_sign_in": {"sends_cognito_codes": True},
    "social": {"redirect_paths": ["/uploads"]},
}


@cache
def stack_with_options() -> Recording:
    """The complete stack with every resource that an argument adds."""
    return record(lambda: whole_stack(**OPTIONS))


def undeclared(recording: Recording) -> list[str]:
    """Return the resources below a component that are not one of its declared children."""
    components = {item.name: COMPONENTS[item.type] for item in recording.resources if not item.custom}
    return [
        item.name
        for item in recording.resources
        if item.parent
        and not any(
            fnmatchcase(item.name, f"{item.parent}-{child}") for child in components[item.parent]._CHILDREN
        )
    ]


def test_every_resource_of_a_component_is_a_declared_child(component: tuple[str, Recording]) -> None:
    assert undeclared(component[1]) == []


def test_every_resource_that_an_argument_adds_is_a_declared_child() -> None:
    assert undeclared(stack_with_options()) == []


def test_a_resource_that_is_not_declared_is_reported() -> None:
    """A child that is created without `_make` is not declared."""
    table = Resource("aws:dynamodb/table:Table", "data-other", {}, "data", False, [], True)
    parent = Resource("userprofiles:index:UsersTable", "data", {}, "", False, [], False)

    assert undeclared(Recording(resources=[parent, table])) == ["data-other"]


def test_every_declared_child_exists() -> None:
    recording = stack_with_options()
    names = {item.name for item in recording.resources}

    missing = [
        f"{item.name}-{child}"
        for item in recording.resources
        if not item.custom
        for child in COMPONENTS[item.type]._CHILDREN
        if not any(fnmatchcase(name, f"{item.name}-{child}") for name in names)
    ]

    # Only the profile API's function has a permission of its own: the pool creates those for the triggers.
    without_permission = [
        "after-sign-up-reader",
        "migration-worker",
        "outbox-worker",
        *(f"phone-{child}" for child in ("sender", "cognito-codes")),
        *(f"phone-{challenge.child}" for challenge in CHALLENGES),
        *(f"triggers-{item.child}" for item in TRIGGERS),
    ]
    assert sorted(missing) == sorted(f"app-{function}-*-permission" for function in without_permission)


def test_children_that_are_components_are_declared_with_their_type() -> None:
    """The form of a transform is checked against this declaration."""
    recording = stack_with_options()
    actual = {
        (item.parent, item.name.removeprefix(f"{item.parent}-"), item.type)
        for item in recording.resources
        if not item.custom and item.parent
    }

    declared = {
        (item.name, child, f"userprofiles:index:{kind.__name__}")
        for item in recording.resources
        if not item.custom
        for child, kind in COMPONENTS[item.type]._COMPONENTS.items()
    }

    assert declared == actual


def test_the_longest_name_is_short_enough_for_every_child() -> None:
    """AWS allows 64 characters, of which Pulumi's suffix takes 8."""
    name = "a" * SignupToProfile._NAME_LIMIT
    recording = record(lambda: SignupToProfile(name, {"platform": "host", **OPTIONS}))

    limited = [*recording.of_type("Function"), *recording.of_type("Role")]
    assert [item.name for item in limited if len(item.name) > 56] == []


def test_names_of_optional_resources_are_a_contract(stack: Recording) -> None:
    """The other golden list has the names of the stack with its defaults."""
    default_names = {item.name for item in stack.resources}
    names = [
        f"{item.type} {item.name}"
        for item in stack_with_options().resources
        if item.name not in default_names
    ]
    if os.environ.get("REGENERATE_GOLDEN"):
        OPTIONAL_NAMES.write_text("\n".join(names) + "\n")

    assert OPTIONAL_NAMES.read_text().splitlines() == names


@pytest.mark.long
def test_a_transform_reaches_every_child() -> None:
    recording = stack_with_options()
    transformed: list[str] = []

    def transforms(parent: str) -> dict[str, Any]:
        return {
            item.name.removeprefix(f"{parent}-"): record_name(item.name)
            if item.custom
            else transforms(item.name)
            for item in recording.resources
            if item.parent == parent
        }

    def record_name(name: str) -> Any:
        return lambda _inputs, _options: transformed.append(name)

    args: Any = {"platform": "host", **OPTIONS}
    record(lambda: SignupToProfile("app", args, transforms=transforms("app")))

    assert sorted(transformed) == [item.name for item in recording.resources if item.custom]


@pytest.mark.parametrize("child", ["group-admins", "pre-sign-up-permission"])
def test_a_transform_changes_a_child_whose_name_is_computed(child: str) -> None:
    def retain(_: dict[str, Any], options: pulumi.ResourceOptions) -> None:
        options.protect = True

    args: UserPoolArgs = {"groups": ["admins"], "pre_sign_up_alias_arn": "function:live"}

    recording = record(lambda: UserPool("pool", args, transforms={child: retain}))

    assert recording.resource(f"pool-{child}").protect


def test_a_component_cannot_create_a_child_that_it_does_not_declare() -> None:
    class InvalidComponent(UserPool):
        """A component that does not declare all its children."""

        _CHILDREN = ("client",)

    with pytest.raises(LookupError, match="InvalidComponent must declare the child 'sms-role'"):
        record(lambda: InvalidComponent("invalid", {}))


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda item: item.key)
def test_a_trigger_is_declared_as_argument_and_output(trigger: Any) -> None:
    """Pulumi reads the schema from annotations, so the table of triggers cannot add them."""
    assert trigger.alias_argument in UserPoolArgs.__annotations__
    assert trigger.alias_argument in SignUpTriggers.__annotations__
