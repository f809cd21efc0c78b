"""The metrics that our code counts, read from its output."""

import json


def counted_metrics(output: str) -> list[tuple[str, str, dict[str, str], float]]:
    """Return namespace, name, dimensions and value of each metric in the embedded metric format."""
    metrics = []
    for line in output.splitlines():
        document = json.loads(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
            (keys,) = directive["Dimensions"]
            dimensions = {key: document[key] for key in keys}
            for metric in directive["Metrics"]:
                (value,) = document[metric["Name"]]
                metrics.append((directive["Namespace"], metric["Name"], dimensions, value))
    return metrics
