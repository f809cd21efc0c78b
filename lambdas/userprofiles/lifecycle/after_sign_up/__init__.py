"""Sends new users to the queues of a team's own steps."""
