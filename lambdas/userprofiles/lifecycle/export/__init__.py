"""Exports all data of a user, and imports it again."""
