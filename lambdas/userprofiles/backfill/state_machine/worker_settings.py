"""The settings of the worker, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from userprofiles import settings


@dataclass(frozen=True)
class WorkerSettings:
    """The settings of the worker.

    Attributes:
        users_table: The table of a run whose input names no table.
        bucket: The bucket for checkpoints and reports.
        template: The template with the defaults of a profile.
        tables: The permitted tables. If it is empty, only the role's policy decides.
    """

    users_table: str
    bucket: str
    template: str = "marketplace"
    tables: frozenset[str] = frozenset()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "WorkerSettings":
        """Read USERS_TABLE, MIGRATION_BUCKET, TEMPLATE and MIGRATION_TABLES.

        Raises:
            SettingsError: A required variable is not set.
        """
        users_table = settings.required(environment, "USERS_TABLE")
        tables = settings.names(environment, "MIGRATION_TABLES")
        return cls(
            users_table=users_table,
            bucket=settings.required(environment, "MIGRATION_BUCKET"),
            template=settings.template_name(environment),
            tables=frozenset({*tables, users_table}) if tables else frozenset(),
        )
