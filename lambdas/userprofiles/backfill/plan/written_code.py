"""The version of the code that decides which users get which items. A plan is valid for one version only."""

from userprofiles.jobs.code_version import code_version

PATTERNS = (
    "backfill/segment.py",
    "backfill/sources/*.py",
    "backfill/tables/table_shape.py",
    "backfill/targets/profile_builder.py",
    "backfill/targets/profile_target.py",
    "backfill/targets/user_*.py",
    "backfill/users/*.py",
    "completion*.py",
    "field_*.py",
    "phone_number.py",
    "registration/cognito_user.py",
    "registration/first_values.py",
    "schema_*.py",
    "table/attribute_value.py",
    "table/record.py",
    "template*.py",
)


def backfill_code_version() -> str:
    """Return the version of the code, such as ``0.1.0+1a2b3c4d5e6f``."""
    return code_version(PATTERNS)
