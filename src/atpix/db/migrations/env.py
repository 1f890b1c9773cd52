"""Alembic's entry: the connection comes from atpix.db.migrating, inside its transaction."""

from alembic import context

from atpix.db import generation_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=generation_tables.generations.metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
