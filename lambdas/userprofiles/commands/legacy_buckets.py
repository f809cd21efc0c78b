"""The buckets that the media rules name.

HeadObject answers 404 for an object in a bucket that does not exist, too. So a wrong name would make each
file a dead link. HeadBucket answers 404 only for a missing bucket or permission ("HeadBucket", Amazon S3 API
Reference).
"""

from typing import Any

from botocore import exceptions as boto

from userprofiles.backfill.errors import RefusedError
from userprofiles.stack_setup.stack import Stack
from userprofiles.telemetry import error_code

_MISSING = frozenset({"404", "NoSuchBucket", "NotFound"})


def rule_buckets(rules: Any) -> list[str] | None:
    """Return the buckets in a document of media rules, whose form is checked when the stages are created.

    Without media rules, return None.
    """
    if rules is None:
        return None
    entries = rules.get("rules") if isinstance(rules, dict) else None
    entries = entries if isinstance(entries, list) else []
    names = [entry.get("bucket") for entry in entries if isinstance(entry, dict)]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def check_buckets(stack: Stack, rules: Any) -> None:
    """Check that the buckets of the media rules exist.

    Raises:
        RefusedError: One does not.
    """
    for bucket in rule_buckets(rules) or ():
        try:
            stack.client("s3").head_bucket(Bucket=bucket)
        except boto.ParamValidationError:
            return  # the check of the rules names it
        except boto.ClientError as error:
            # Without the permission, the first copy ends the run and names it.
            if error_code(error) in _MISSING:
                raise RefusedError(
                    f"The media rules name the bucket {bucket!r}, which does not exist. Each of its files "
                    "would be a dead link.\nCorrect the name. If it exists: add s3:ListBucket to your rights."
                ) from error
