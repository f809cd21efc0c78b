"""Checks of a deployed stack, and a test of it with a throw-away user."""
