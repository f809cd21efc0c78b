"""The whole stack with its defaults has each security property; test_mutations.py removes each in turn."""

from typing import Any

import pytest
from component_checks import CHECKS, Check
from component_expectations import EXPECTATIONS, silent_alarms
from component_key_expectations import EXPECTATIONS_WITH_A_KEY, KEY_PATHS
from component_phone_expectations import PHONE_RULES
from component_programs import KEY
from component_recording import Recording
from component_rules import RULES, Rule

pytestmark = pytest.mark.sample(1)  # every rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_stack_follows_the_rule(rule: Rule, stack: Recording) -> None:
    assert rule.breaches(stack) == []


@pytest.mark.parametrize("check", [*CHECKS, *EXPECTATIONS], ids=lambda check: check.__name__)
def test_the_stack_passes_the_check(check: Check, stack: Recording) -> None:
    assert check(stack) == []


def test_every_alarm_notifies_the_topic(changed_stack: Recording) -> None:
    assert silent_alarms(changed_stack) == []


@pytest.mark.long
def test_with_a_key_everything_is_encrypted_with_it(record_stack: Any) -> None:
    recording = record_stack(kms_key_arn=KEY)

    assert {check.__name__: check(recording) for check in [*CHECKS, *EXPECTATIONS_WITH_A_KEY]} == {
        check.__name__: [] for check in [*CHECKS, *EXPECTATIONS_WITH_A_KEY]
    }


_OTHER_VALUES = {
    "no sign-in sends a password": {"app-identity-client"},  # it also has the flow of the custom challenge
    "a queue is encrypted": {"app-phone-queue"},  # with a key of KMS
}


@pytest.mark.parametrize("rule", [*RULES, *PHONE_RULES], ids=lambda rule: rule.name)
def test_the_stack_with_phone_sign_in_follows_the_rule(rule: Rule, phone_stack: Recording) -> None:
    breaches = {breach.partition(":")[0] for breach in rule.breaches(phone_stack)}

    assert breaches == _OTHER_VALUES.get(rule.name, set())


def test_the_stack_with_phone_sign_in_passes_the_checks(phone_stack: Recording) -> None:
    checks = [*CHECKS, *EXPECTATIONS]

    assert {check.__name__: check(phone_stack) for check in checks} == {
        check.__name__: [] for check in checks
    }


@pytest.mark.long
def test_with_a_key_everything_of_all_parts_is_encrypted_with_it(encrypted_stack: Recording) -> None:
    type_names = {resource.type.rpartition(":")[2] for resource in encrypted_stack.resources}
    assert set(KEY_PATHS) - type_names == set()
    checks = [*CHECKS, *EXPECTATIONS_WITH_A_KEY, silent_alarms]
    assert {check.__name__: check(encrypted_stack) for check in checks} == {
        check.__name__: [] for check in checks
    }
