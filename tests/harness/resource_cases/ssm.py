"""Cases of Systems Manager."""

from resource_cases.case import PARAMETER, Case

CASES: dict[str, Case] = {
    PARAMETER: Case(
        inputs=lambda _: {"type": "SecureString", "value": "s3cret", "name": "/app/password"},
        probe=lambda client, resource_id, _: client("ssm").get_parameter(Name=resource_id),
        outputs=("arn", "version", "name"),
    ),
}
