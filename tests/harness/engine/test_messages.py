"""The message of a deployment with several problems."""

import sys
from pathlib import Path

from pulumi_localaws.engine.messages import build_message
from pulumi_localaws.errors import DeploymentError, UnsupportedError


def test_a_hint_of_several_problems_is_shown_once() -> None:
    problems = [
        UnsupportedError("Vpc 'a' is not supported.", "Supported: Queue."),
        DeploymentError("Queue 'b': delaySeconds is 901."),
        UnsupportedError("Instance 'c' is not supported.", "Supported: Queue."),
        UnsupportedError("Vpc 'a' is not supported.", "Supported: Queue."),
    ]

    message = build_message(problems, None, Path())

    assert message.splitlines() == [
        "The program has 3 problems:",
        "  Vpc 'a' is not supported.",
        "  Queue 'b': delaySeconds is 901.",
        "  Instance 'c' is not supported.",
        "Supported: Queue.",
    ]


def test_message_of_one_problem_has_its_hint() -> None:
    problem = UnsupportedError("Vpc 'a' is not supported.", "Supported: Queue.")

    assert build_message([problem, problem], None, Path()) == "Vpc 'a' is not supported. Supported: Queue."


def test_missing_module_names_the_interpreter_that_needs_it(tmp_path: Path) -> None:
    message = build_message([], ModuleNotFoundError("No module named 'colours'"), tmp_path)

    assert "No module named 'colours'" in message
    assert (
        f"interpreter of pulumi-localaws, {sys.executable}. Install the program's packages there" in message
    )
