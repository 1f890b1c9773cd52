"""Prompt, workflow, provider, image: contract, section 7."""
