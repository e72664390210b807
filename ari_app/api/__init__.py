"""HTTP, events, authentication, OpenAPI: what docs/api.md and docs/events.md say, nothing about how calls work."""
