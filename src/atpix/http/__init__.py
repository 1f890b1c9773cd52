"""What all routes share: reference types, envelope, errors as JSON, paging, conditional requests, upload reading."""
