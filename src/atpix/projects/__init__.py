"""Organizations, projects and API keys; turns a key into a Caller."""
