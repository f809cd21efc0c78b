"""Run ``pulumi-localaws`` as a process."""

import os
import subprocess
import sys


def cli_command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "pulumi_localaws", *map(str, arguments)]


def run_cli(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        cli_command(*arguments),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
