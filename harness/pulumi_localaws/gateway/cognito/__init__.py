"""Cognito's rules and triggers, one module for each."""
