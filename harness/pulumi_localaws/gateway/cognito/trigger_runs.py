"""A fault on request: a trigger's function runs several times, as if AWS had got no response in time."""

import json
from typing import Any

MAX_TRIGGER_CALLS = 3
"""AWS calls a function again that does not respond in time (developer guide); three calls were reported."""

REPEATABLE_TRIGGERS = frozenset({
    "PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "UserMigration",
    "PreTokenGeneration", "CustomMessage", "DefineAuthChallenge", "CreateAuthChallenge",
    "VerifyAuthChallengeResponse",
})  # fmt: skip
"""The triggers that the gateway fires."""


class TriggerRuns:
    """The number of runs that tests have set, by pool and trigger."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], int] = {}

    def clear(self) -> None:
        """Let every function run once."""
        self._runs.clear()

    def get(self, pool_id: str, trigger: str) -> int:
        """Return how often a trigger's function runs for one event."""
        return self._runs.get((pool_id, trigger), 1)

    def set(self, body: bytes) -> None:
        """Set the number of runs for one trigger of one pool.

        Args:
            body: The JSON object ``{"userPoolId": …, "trigger": …, "runs": …}``.

        Raises:
            ValueError: A field is missing or not valid.
        """
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        fields = document if isinstance(document, dict) else None
        if fields is None:
            raise ValueError("the body must be a JSON object with the fields userPoolId, trigger and runs")
        pool_id, trigger, runs = (fields.get(key) for key in ("userPoolId", "trigger", "runs"))
        if not isinstance(pool_id, str) or not pool_id:
            raise ValueError(f"userPoolId must be the ID of a user pool, but it is {pool_id!r}")
        if trigger not in REPEATABLE_TRIGGERS:
            allowed = ", ".join(sorted(REPEATABLE_TRIGGERS))
            raise ValueError(f"trigger is {trigger!r}. Allowed: {allowed}")
        if type(runs) is not int or not 1 <= runs <= MAX_TRIGGER_CALLS:
            raise ValueError(f"runs must be an integer from 1 to {MAX_TRIGGER_CALLS}, but it is {runs!r}")
        self._runs[pool_id, trigger] = runs

    def describe(self) -> list[dict[str, Any]]:
        """Return the settings in the form in which they are set."""
        return [
            {"userPoolId": pool_id, "trigger": trigger, "runs": runs}
            for (pool_id, trigger), runs in self._runs.items()
        ]
