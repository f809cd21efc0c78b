"""Sign-ups become profiles in the tables, without the profile API: the application reads them itself."""

import pulumi
from pulumi_userprofiles import LambdaPlatform, SignUpTriggers, UserPool, UsersTable

tables = UsersTable("trial-data", {"protect": False})
triggers = SignUpTriggers(
    "trial-triggers",
    {
        "users_table_name": tables.table_name,
        "users_table_arn": tables.table_arn,
        "audit_table_name": tables.audit_table_name,
        "audit_table_arn": tables.audit_table_arn,
        "template": "basic",
        "platform": LambdaPlatform.HOST,  # for a local AWS; omit it for AWS Lambda
    },
)
pool = UserPool(
    "trial-identity",
    {
        "username_attributes": ["email"],
        "role_attribute": False,  # the template has only one role, so clients do not request one
        "pre_sign_up_alias_arn": triggers.pre_sign_up_alias_arn,
        "post_confirmation_alias_arn": triggers.post_confirmation_alias_arn,
        "pre_token_generation_alias_arn": triggers.pre_token_generation_alias_arn,
        "protect": False,
    },
)

pulumi.export("userPoolId", pool.user_pool_id)
pulumi.export("userPoolClientId", pool.client_id)
pulumi.export("usersTableName", tables.table_name)
