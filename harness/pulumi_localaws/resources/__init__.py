"""What the engine can create: one module for each AWS service, and a catalog of all their types."""
