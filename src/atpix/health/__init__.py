"""For those who run the server: is it alive, is it ready, what has it done. Public and without a key."""
