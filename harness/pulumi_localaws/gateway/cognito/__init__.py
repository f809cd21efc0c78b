"""Cognito: the rules and triggers that the gateway adds; `dispatch` lists the actions and their handlers."""
