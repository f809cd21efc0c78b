"""Rules of DynamoDB, S3, Secrets Manager, Systems Manager, KMS and IAM."""

from pulumi_localaws.resources.resource_type import Properties, ResourceContext
from pulumi_localaws.resources.rules.rule import Rule, build_pattern_rule, build_range_rule

_TABLE = "aws:dynamodb/table:Table"
_PARAMETER = "aws:ssm/parameter:Parameter"
_MAX_LOCAL_INDEXES = 5
_MAX_VALUE_BYTES = {"Standard": 4096, "Intelligent-Tiering": 8192, "Advanced": 8192}
_BUCKET_TYPES = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
_MAX_BUCKET_POLICY_BYTES = 20 * 1024
_MAX_POLICY_LENGTHS = {"aws:iam/policy:Policy": 6144, "aws:iam/rolePolicy:RolePolicy": 10240}


def _check_local_indexes(_: ResourceContext, inputs: Properties) -> str | None:
    count = len(inputs["localSecondaryIndexes"])
    if count > _MAX_LOCAL_INDEXES:
        return f"localSecondaryIndexes has {count} items; allowed: at most {_MAX_LOCAL_INDEXES}"
    if count and not inputs.get("rangeKey"):
        return "rangeKey is missing. A table with local secondary indexes needs a sort key"
    return None


def _check_value_size(_: ResourceContext, inputs: Properties) -> str | None:
    tier = inputs.get("tier", "Standard")
    size, maximum = len(inputs["value"].encode()), _MAX_VALUE_BYTES.get(tier, 8192)
    return (
        f"value has {size} bytes; allowed in the tier {tier}: at most {maximum}" if size > maximum else None
    )


def _check_parameter_name(_: ResourceContext, inputs: Properties) -> str | None:
    name = inputs["name"]
    if name.removeprefix("/").lower().startswith(("aws", "ssm")):
        return f"name is {name!r}; it must not begin with aws or ssm"
    return None


def _count_characters(policy: str) -> int:
    """Count as IAM does: without white space."""
    return len("".join(policy.split()))


def _check_policy_length(ctx: ResourceContext, inputs: Properties) -> str | None:
    length, maximum = _count_characters(inputs["policy"]), _MAX_POLICY_LENGTHS[ctx.type]
    if length > maximum:
        return f"policy has {length} characters without white space; allowed: at most {maximum}. Split it"
    return None


def _check_inline_policies(_: ResourceContext, inputs: Properties) -> str | None:
    length = sum(_count_characters(policy.get("policy", "")) for policy in inputs["inlinePolicies"])
    maximum = _MAX_POLICY_LENGTHS["aws:iam/rolePolicy:RolePolicy"]
    if length > maximum:
        return f"inlinePolicies has {length} characters without white space; allowed: at most {maximum}"
    return None


def _check_bucket_policy_size(_: ResourceContext, inputs: Properties) -> str | None:
    size = len(inputs["policy"].encode())
    if size > _MAX_BUCKET_POLICY_BYTES:
        return f"policy has {size} bytes; allowed: at most {_MAX_BUCKET_POLICY_BYTES}"
    return None


RULES = (
    Rule(
        _TABLE,
        ("localSecondaryIndexes", "rangeKey"),
        "A table has at most 5 local secondary indexes, and a sort key if it has any",
        "DynamoDB: Local secondary indexes",
        _check_local_indexes,
    ),
    *(
        build_pattern_rule(
            token,
            "bucket",
            r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)(?!.*\.\.)"
            r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            "3 to 63 lower-case letters, digits, dots and hyphens, and no reserved prefix or suffix",
            "S3: General purpose bucket naming rules",
        )
        for token in _BUCKET_TYPES
    ),
    *(
        Rule(
            token,
            ("policy",),
            "The policy has at most 20 KB",
            "S3: Bucket policies and user policies",
            _check_bucket_policy_size,
        )
        for token in (*_BUCKET_TYPES, "aws:s3/bucketPolicy:BucketPolicy")
    ),
    Rule(
        _PARAMETER,
        ("value", "tier"),
        "The value has at most 4,096 bytes; 8,192 in the tiers Advanced and Intelligent-Tiering",
        "Systems Manager API: PutParameter",
        _check_value_size,
    ),
    Rule(
        _PARAMETER,
        ("name",),
        "The name does not begin with aws or ssm",
        "Systems Manager API: PutParameter",
        _check_parameter_name,
    ),
    build_range_rule(
        "aws:secretsmanager/secret:Secret",
        "recoveryWindowInDays",
        7,
        30,
        "Secrets Manager API: DeleteSecret",
        also=(0,),
    ),
    build_range_rule("aws:kms/key:Key", "deletionWindowInDays", 7, 30, "KMS API: ScheduleKeyDeletion"),
    *(
        Rule(
            token,
            ("policy",),
            f"The policy has at most {maximum:,} characters without white space",
            "IAM: IAM and AWS STS quotas",
            _check_policy_length,
        )
        for token, maximum in _MAX_POLICY_LENGTHS.items()
    ),
    Rule(
        "aws:iam/role:Role",
        ("inlinePolicies",),
        "The inline policies have at most 10,240 characters together, without white space",
        "IAM: IAM and AWS STS quotas",
        _check_inline_policies,
    ),
)
