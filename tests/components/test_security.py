"""The whole stack with its defaults has each security property; test_mutations.py removes each in turn."""

from typing import Any

import pytest
from component_checks import CHECKS, Check
from component_expectations import EXPECTATIONS, silent_alarms
from component_key_expectations import EXPECTATIONS_WITH_A_KEY, KEY_PATHS
from component_programs import KEY, TOPIC
from component_recording import Recording
from component_rules import RULES, Rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_stack_follows_the_rule(rule: Rule, stack: Recording) -> None:
    assert rule.breaches(stack) == []


@pytest.mark.parametrize("check", [*CHECKS, *EXPECTATIONS], ids=lambda check: check.__name__)
def test_the_stack_passes_the_check(check: Check, stack: Recording) -> None:
    assert check(stack) == []


def test_every_alarm_notifies_the_topic(record_stack: Any) -> None:
    assert silent_alarms(record_stack(alarm_topic_arn=TOPIC)) == []


def test_with_a_key_everything_is_encrypted_with_it(record_stack: Any) -> None:
    recording = record_stack(kms_key_arn=KEY)

    type_names = {resource.type.rpartition(":")[2] for resource in recording.resources}
    assert set(KEY_PATHS) - type_names == set()
    assert {check.__name__: check(recording) for check in [*CHECKS, *EXPECTATIONS_WITH_A_KEY]} == {
        check.__name__: [] for check in [*CHECKS, *EXPECTATIONS_WITH_A_KEY]
    }
