"""Content, links between users and paid plans: the items of the users table, and their queries."""
