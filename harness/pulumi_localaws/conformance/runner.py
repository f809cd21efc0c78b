"""Run facts on an endpoint, one after the other, and delete at the end what they created."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004 botocore's
from botocore.parsers import ResponseParserError

from pulumi_localaws.conformance.backend import Backend
from pulumi_localaws.conformance.fact import Fact, FactError, NotTriedError
from pulumi_localaws.conformance.kit import Kit

HOLDS, FAILS, NOT_TRIED = "holds", "fails", "not tried"
_OBSERVATION_LENGTH = 300


@dataclass(frozen=True)
class Outcome:
    """The result of a fact in a run.

    Attributes:
        fact: The fact.
        result: HOLDS, FAILS or NOT_TRIED.
        observation: What was seen, or why the fact was not tried.
    """

    fact: Fact
    result: str
    observation: str


@dataclass(frozen=True)
class Run:
    """The outcomes of a run.

    Attributes:
        outcomes: One for each fact.
        undeleted: Resources that could not be deleted, each with the error.
        is_interrupted: Whether Ctrl-C ended the run early.
    """

    outcomes: list[Outcome]
    undeleted: list[str]
    is_interrupted: bool = False


def run_facts(backend: Backend, facts: Sequence[Fact], report: Callable[[Outcome], None]) -> Run:
    """Try each fact, until Ctrl-C.

    Args:
        backend: The endpoint.
        facts: The facts.
        report: Called with each outcome.

    """
    kit = Kit(backend)
    outcomes: list[Outcome] = []
    is_interrupted = False
    try:
        for entry in facts:
            outcome = try_fact(entry, kit)
            outcomes.append(outcome)
            report(outcome)
    except KeyboardInterrupt:
        is_interrupted = True
    finally:
        with _without_signals():
            undeleted = kit.resources.delete_all()
    return Run(outcomes, undeleted, is_interrupted)


def try_fact(entry: Fact, kit: Kit) -> Outcome:
    """Try a fact and return the outcome, whatever the endpoint answers."""
    result = FAILS
    try:
        observation = entry.check(kit)
        result = HOLDS
    except FactError as error:
        observation = str(error)
    except NotTriedError as error:
        result, observation = NOT_TRIED, str(error)
    except ClientError as error:
        details = error.response["Error"]
        observation = f"{error.operation_name}: {details.get('Code')}: {details.get('Message', '')}"
    except (ConnectionError, HTTPClientError) as error:
        result, observation = NOT_TRIED, f"the endpoint did not respond ({error})"
    except (BotoCoreError, ResponseParserError) as error:
        observation = f"{type(error).__name__}: {error}"
    except (KeyError, IndexError, TypeError, ValueError) as error:
        # A response or an event without a documented field.
        observation = f"a response without a documented field ({type(error).__name__}: {error})"
    return Outcome(entry, result, " ".join(observation.split())[:_OBSERVATION_LENGTH])


@contextmanager
def _without_signals() -> Iterator[None]:
    """Ignore signals until the deletion has finished."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous_handlers = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
