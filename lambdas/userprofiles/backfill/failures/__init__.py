"""Failed users of a run: their list and their quarantine."""
