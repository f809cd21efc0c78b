"""The sources of users: each is a small class that follows `source.Source`."""
