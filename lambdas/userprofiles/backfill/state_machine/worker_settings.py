"""The settings of the worker, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from userprofiles import settings


@dataclass(frozen=True)
class WorkerSettings:
    """The settings of the worker.

    Attributes:
        users_table: The table of a run whose input names no table.
        bucket: The bucket for reports.
        ledger_table: The table with the runs and their progress.
        users_table_arn: The ARN of `users_table`. The permitted tables are in the same account and region.
        template: The template with the defaults of a profile.
        tables: The permitted tables. If it is empty, only the role's policy decides.
        sign_up_roles: The roles that an import may give to users; empty for all roles of the template.
        default_role: The role of imported users without an allowed one; empty for that of the template.
        approval_roles: The roles whose imported users must be pending.
        tolerated_failure_percentage: The percentage of segments that may fail in a run that does not fail.
    """

    users_table: str
    bucket: str
    ledger_table: str = ""
    users_table_arn: str = ""
    template: str = "marketplace"
    tables: frozenset[str] = frozenset()
    sign_up_roles: tuple[str, ...] = ()
    default_role: str = ""
    approval_roles: tuple[str, ...] = ()
    tolerated_failure_percentage: int = 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "WorkerSettings":
        """Read the environment variables, which the docstring of the handler lists.

        Raises:
            SettingsError: A required variable is not set.
        """
        users_table = settings.required(environment, "USERS_TABLE")
        tables = settings.names(environment, "MIGRATION_TABLES")
        return cls(
            users_table=users_table,
            bucket=settings.required(environment, "MIGRATION_BUCKET"),
            ledger_table=settings.required(environment, "LEDGER_TABLE"),
            users_table_arn=settings.required(environment, "USERS_TABLE_ARN"),
            template=settings.template_name(environment),
            tables=frozenset({*tables, users_table}) if tables else frozenset(),
            sign_up_roles=settings.names(environment, "SIGN_UP_ROLES"),
            default_role=environment.get("DEFAULT_ROLE", "").strip(),
            approval_roles=settings.names(environment, "APPROVAL_ROLES"),
            tolerated_failure_percentage=settings.percentage(environment, "TOLERATED_FAILURE_PERCENTAGE"),
        )

    def table_arn(self, table: str) -> str:
        """Return the ARN of a permitted table."""
        return f"{self.users_table_arn.partition(':table/')[0]}:table/{table}"
