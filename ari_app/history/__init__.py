"""Calls that are over and what agents did, in a database: SQLite or PostgreSQL. Never on the path of a call."""
