"""HTTP, events, authentication and OpenAPI: the public contract (API.md), and nothing about how calls work."""
