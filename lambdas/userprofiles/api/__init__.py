"""The profile API: users read and change their own account and profile."""
