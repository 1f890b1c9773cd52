"""The API over flows: contract, section 6."""
