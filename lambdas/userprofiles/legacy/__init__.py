"""The import of a MongoDB application: its users, their content, friends and premium."""
