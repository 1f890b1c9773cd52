"""Generation by URL: contract, section 8."""
