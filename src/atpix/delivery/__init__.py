"""Public delivery of images, without a key: contract, section 4. Read `application.py` first."""
