"""Commands that reach a server over HTTP, through the SDK, with a key: from anywhere."""
