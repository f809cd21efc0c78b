"""The users table: keys and items, DynamoDB access, audit rows."""
