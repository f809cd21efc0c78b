"""Compares user pool and users table, by command and on a schedule."""
