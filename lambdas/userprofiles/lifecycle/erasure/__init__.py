"""Erases users everywhere, with a receipt."""
