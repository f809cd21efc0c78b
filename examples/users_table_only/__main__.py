"""The users table alone, with one input changed that the component has no argument for."""

from typing import Any

import pulumi
from pulumi_userprofiles import UsersTable


def tag_cost_centre(inputs: dict[str, Any], _: pulumi.ResourceOptions) -> None:
    """Change the table before it is made: any input that AWS's resource has."""
    inputs["tags"] = {"cost-centre": "profiles"}


# Not protected, since this is a trial: by default neither AWS nor Pulumi would delete the tables.
tables = UsersTable("trial", {"protect": False}, transforms={"table": tag_cost_centre})

pulumi.export("usersTableName", tables.table_name)
pulumi.export("auditTableName", tables.audit_table_name)
