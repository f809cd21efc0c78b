"""What a run writes for a user, and how it writes."""
