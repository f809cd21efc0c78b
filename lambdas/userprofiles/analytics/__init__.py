"""Statistics of a users table: one scan, snapshots for trends, an HTML page. No personal data."""
