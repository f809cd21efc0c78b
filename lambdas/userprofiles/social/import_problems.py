"""One metric of problems after an import: errors of our functions, and feedback of users.

    namespace `UserProfiles`, metric `ProblemsAfterImport`
    dimensions: `service` (`import`), `table` (the users table), `kind` (`error` or `feedback`)

Our functions count errors. Your team counts feedback, for example from its help desk:

    aws cloudwatch put-metric-data --namespace UserProfiles --metric-name ProblemsAfterImport \
        --dimensions service=import,table=<users table>,kind=feedback --value 1

CloudWatch keeps each combination of dimensions as a metric of its own, so all must be given to read it
("PutMetricData" and "GetMetricData", Amazon CloudWatch API Reference). No dimension names a user.
"""

import os

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from userprofiles.telemetry import NAMESPACE

METRIC = "ProblemsAfterImport"
ERROR = "error"
FEEDBACK = "feedback"
KINDS = (ERROR, FEEDBACK)

_FIRST_SERVER_ERROR = 500


def count_error(table: str, status: object) -> None:
    """Count the response to a request if its status says that the server failed.

    Args:
        table: Name of the users table.
        status: The HTTP status.
    """
    if not isinstance(status, int) or status < _FIRST_SERVER_ERROR:
        return
    namespace = os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE
    with single_metric(
        name=METRIC,
        unit=MetricUnit.Count,
        value=1,
        namespace=namespace,
        default_dimensions=dimensions(table, ERROR),
    ):
        pass


def dimensions(table: str, kind: str) -> dict[str, str]:
    """Return the dimensions of the metric for one of `KINDS`. Powertools requires `service`."""
    return {"service": "import", "table": table, "kind": kind}
