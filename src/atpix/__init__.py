"""Atpix keeps, delivers and generates images."""

SCHEMA = "0002"
"""The newest revision of the database; a test holds it against the migrations folder. Here, where reading it imports
neither SQLAlchemy nor Alembic: a start-up without migrations needs neither of them in the parent process."""
