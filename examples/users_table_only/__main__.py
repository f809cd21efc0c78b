"""Only the users table, with a transform for an input that the component has no argument for."""

from typing import Any

import pulumi
from pulumi_userprofiles import UsersTable


def tag_cost_centre(inputs: dict[str, Any], _: pulumi.ResourceOptions) -> None:
    """Change an input of the table before it is created; this works for every input of the resource."""
    inputs["tags"] = {"cost-centre": "profiles"}


# Not protected, because this is a trial. By default, neither AWS nor Pulumi deletes the tables.
tables = UsersTable("trial", {"protect": False}, transforms={"table": tag_cost_centre})

pulumi.export("usersTableName", tables.table_name)
pulumi.export("auditTableName", tables.audit_table_name)
