"""Expected rights, alarms and order of content, links and paid plans, by the names of the resources."""

from typing import Any

from component_phone_expectations import EVERY_FUNCTION

SOCIAL_RIGHTS: dict[str, set[str]] = {
    "app-social-handler-policy": {
        *EVERY_FUNCTION,
        *("dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem"),
        *("dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem", "s3:GetObject", "s3:PutObject"),
    }
}
SOCIAL_KEY_USES: dict[str, dict[str, int]] = {
    "app-social-handler-policy": {"lambda": 1, "dynamodb": 2, "s3": 2}
}
SOCIAL_ALARMS: dict[str, tuple[Any, ...]] = {
    "app-social-alarm": ("AWS/Lambda", "Errors", 0, ["app-social-handler-function-1234567"])
}
SOCIAL_ORDER = {
    "app-social-handler-function": {"app-social-handler-policy"},
    "app-media-lifecycle": {"app-media-versioning"},
    "app-media-policy": {"app-media-public-access"},
}
