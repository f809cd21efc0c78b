"""Tests of the options of the demo of an import."""

import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[3] / "examples" / "demo_legacy"


@pytest.mark.long
def test_too_few_users_are_wrong_usage():
    """With fewer users, ten with content, friends and a paid plan can't be found at the end of the demo."""
    result = subprocess.run(
        [sys.executable, DEMO, "--users", "100"], capture_output=True, text=True, check=False
    )

    assert result.returncode == 64
    assert "--users must be a multiple of 100, at least 200, got 100" in result.stderr
