"""Resource types, one module for each AWS service."""
