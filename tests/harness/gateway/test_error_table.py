"""The table of the gateway's own errors in docs/local-aws.md."""

import re
from pathlib import Path

from pulumi_localaws.gateway import server

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "local-aws.md"


def test_each_status_of_the_gateway_is_in_the_table() -> None:
    statuses = re.findall(r"error_response\(\s*(\d{3})", Path(server.__file__).read_text())
    _, _, table = DOCUMENT.read_text().partition("The gateway's own errors are JSON")

    rows = re.findall(r"^\| (\d{3}) \|", table.partition("## Web pages")[0], re.MULTILINE)

    assert {"400", "403", "404", "405", "500", "501", "503"} <= set(statuses)
    assert set(statuses) <= set(rows)
