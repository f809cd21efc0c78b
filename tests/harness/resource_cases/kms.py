"""Cases of KMS."""

from resource_cases.case import KEY, Case

CASES: dict[str, Case] = {
    KEY: Case(
        inputs=lambda _: {"enableKeyRotation": True, "deletionWindowInDays": 7.0, "description": "d"},
        probe=lambda client, resource_id, _: (
            client("kms").describe_key(KeyId=resource_id)["KeyMetadata"]["KeyState"] == "Enabled"
        ),
        outputs=("arn", "keyId"),
    ),
    "aws:kms/alias:Alias": Case(
        dependencies=(KEY,),
        inputs=lambda created: {"targetKeyId": created[KEY]["id"]},
        probe=lambda client, resource_id, _: [
            a for a in client("kms").list_aliases()["Aliases"] if a["AliasName"] == resource_id
        ],
        outputs=("arn", "targetKeyArn", "name"),
    ),
}
