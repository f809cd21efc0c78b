"""Cases of Secrets Manager."""

from resource_cases.case import SECRET, Case

CASES: dict[str, Case] = {
    SECRET: Case(
        inputs=lambda _: {"recoveryWindowInDays": 7.0},
        probe=lambda client, resource_id, _: client("secretsmanager").describe_secret(SecretId=resource_id),
        outputs=("arn", "name"),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Case(
        dependencies=(SECRET,),
        inputs=lambda created: {"secretId": created[SECRET]["id"], "secretString": "s3cret"},
        probe=lambda client, resource_id, outputs: (
            client("secretsmanager").get_secret_value(SecretId=outputs["secretId"])["SecretString"]
            == "s3cret"
        ),
        outputs=("arn", "versionId"),
    ),
}
