"""Remembered devices of Cognito's users: there are none, because the emulator issues no device keys.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

from collections.abc import Callable
from typing import Any

_LISTS = ("AdminListDevices", "ListDevices")
_CHANGES = (
    "AdminForgetDevice", "AdminGetDevice", "AdminUpdateDeviceStatus", "ConfirmDevice", "ForgetDevice",
    "GetDevice", "UpdateDeviceStatus",
)  # fmt: skip


def list_actions(cognito: Any, calls: Any) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """Return the handler of each action on devices.

    Args:
        cognito: The emulator's module.
        calls: The module `cognito_calls`.
    """

    def list_devices(parameters: dict[str, Any]) -> dict[str, Any]:
        calls.find_user(cognito, parameters)
        return {"Devices": []}

    def reject(parameters: dict[str, Any]) -> None:
        calls.find_user(cognito, parameters)
        # The text that amplify-js expects, in packages/auth/src/providers/cognito.
        raise calls.Rejected("ResourceNotFoundException", "Device does not exist.")

    return {**dict.fromkeys(_LISTS, list_devices), **dict.fromkeys(_CHANGES, reject)}
