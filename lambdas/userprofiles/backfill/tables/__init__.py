"""Access to DynamoDB tables: shapes, scans, descriptions and calls."""
