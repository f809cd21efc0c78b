"""The import of an old MongoDB application: users, content, links and premium."""
