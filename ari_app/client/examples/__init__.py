"""Consumers of the API and of webhooks, to begin one's own with."""
