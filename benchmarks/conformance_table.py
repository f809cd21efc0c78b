"""Print the table of docs/conformance.md from files that `pulumi-localaws conformance --json` has written."""

import json
import sys
from pathlib import Path
from typing import Any


def print_table(runs: list[dict[str, Any]]) -> None:
    """Print a row for each fact and a column for each run."""
    titles = [f"{run['backend']} {run['version']}" for run in runs]
    print("| line | behaviour |", " | ".join(titles), "|")
    print("|---" * (2 + len(runs)) + "|")
    for facts in zip(*(run["facts"] for run in runs), strict=True):
        results = [fact["result"] for fact in facts]
        print(f"| {facts[0]['line']} | {facts[0]['behaviour']} |", " | ".join(results), "|")
    counts = [
        ", ".join(
            f"{sum(fact['result'] == result for fact in run['facts'])} {result}"
            for result in ("holds", "fails", "not tried")
        )
        for run in runs
    ]
    print("| | sum |", " | ".join(counts), "|")
    print(f"\nRun on {runs[0]['date']}.")


print_table([json.loads(Path(file).read_text(encoding="utf-8")) for file in sys.argv[1:]])
