"""Generations, live URLs, the ledger of what they cost; images know which generation made them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

ID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _made()
    _images()


def _images() -> None:
    """SQLite cannot add a key to a table, but a column that brings one."""
    if op.get_bind().dialect.name == "sqlite":
        key = "CONSTRAINT images_generation_id_fkey REFERENCES generations (id) ON DELETE SET NULL"
        op.execute(f"ALTER TABLE images ADD COLUMN generation_id VARCHAR(36) {key}")
    else:
        op.add_column("images", sa.Column("generation_id", ID, nullable=True))
        op.create_foreign_key(
            "images_generation_id_fkey", "images", "generations", ["generation_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index(
        "images_of_generation",
        "images",
        ["generation_id"],
        unique=False,
        sqlite_where=sa.text("generation_id IS NOT NULL"),
        postgresql_where=sa.text("generation_id IS NOT NULL"),
    )


def _made() -> None:
    op.create_table(
        "counted_windows",
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_index("counted_windows_age", "counted_windows", ["began_at"], unique=False)
    op.create_table(
        "live_scopes",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("allow_new_generations", sa.Boolean(), nullable=False),
        sa.Column(
            "new_generations_limit", sa.Integer(), sa.CheckConstraint("new_generations_limit >= 0"), nullable=False
        ),
        sa.Column("last_generated_at", sa.BigInteger(), nullable=True),
        sa.Column("meta", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project_id", "slug", name="live_scopes_one_a_slug"),
    )
    op.create_table(
        "usage_records",
        sa.Column("id", SERIAL, sa.Identity(always=False), nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("generation_id", ID, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("image_id", ID, nullable=True),
        sa.Column("flow_id", ID, nullable=True),
        sa.Column("key_id", ID, nullable=True),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column(
            "outcome", sa.String(length=10), sa.CheckConstraint("outcome IN ('success', 'failed')"), nullable=False
        ),
        sa.Column("usage", JSON, nullable=False),
        sa.Column("cost_micro_usd", sa.BigInteger(), nullable=False),
        sa.Column("processing_time_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("generation_id", "run", name="usage_records_one_a_run"),
    )
    op.create_index("usage_records_of_image", "usage_records", ["image_id"], unique=False)
    op.create_index("usage_records_of_project", "usage_records", ["project_id", "at", "cost_micro_usd"], unique=False)
    op.create_table(
        "generations",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("flow_id", ID, nullable=True),
        sa.Column("key_id", ID, nullable=True),
        sa.Column(
            "status",
            sa.String(length=10),
            sa.CheckConstraint("status IN ('pending', 'processing', 'success', 'failed')"),
            nullable=False,
        ),
        sa.Column("run", sa.Integer(), sa.CheckConstraint("run > 0"), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("original_prompt", sa.Text(), nullable=True),
        sa.Column("auto_enhance", sa.Boolean(), nullable=False),
        sa.Column("template", sa.String(length=20), nullable=True),
        sa.Column("aspect_ratio", sa.String(length=5), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("alias", sa.String(length=50), nullable=True),
        sa.Column("flow_alias", sa.String(length=50), nullable=True),
        sa.Column("meta", sa.Text(), nullable=False),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("output_image_id", ID, nullable=True),
        sa.Column("planned_image_id", ID, nullable=True),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("claimed_by", ID, nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("enhanced", sa.Boolean(), nullable=False),
        sa.Column("usage", JSON, nullable=True),
        sa.Column("cost_micro_usd", sa.BigInteger(), nullable=True),
        sa.Column("processing_time_ms", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flows.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["output_image_id"], ["images.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "generations_of_flow",
        "generations",
        ["flow_id", "id"],
        unique=False,
        sqlite_where=sa.text("flow_id IS NOT NULL"),
        postgresql_where=sa.text("flow_id IS NOT NULL"),
    )
    op.create_index(
        "generations_of_output",
        "generations",
        ["output_image_id"],
        unique=False,
        sqlite_where=sa.text("output_image_id IS NOT NULL"),
        postgresql_where=sa.text("output_image_id IS NOT NULL"),
    )
    op.create_index("generations_of_project", "generations", ["project_id", "id"], unique=False)
    op.create_index("generations_of_project_by_status", "generations", ["project_id", "status", "id"], unique=False)
    op.create_index(
        "generations_pending",
        "generations",
        ["provider", "project_id", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "generations_processing",
        "generations",
        ["provider", "project_id", "lease_until"],
        unique=False,
        sqlite_where=sa.text("status = 'processing'"),
        postgresql_where=sa.text("status = 'processing'"),
    )
    op.create_table(
        "generation_inputs",
        sa.Column("generation_id", ID, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=10), sa.CheckConstraint("role IN ('reference', 'mask')"), nullable=False),
        sa.Column("image_id", ID, nullable=True),
        sa.Column("alias", sa.String(length=50), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["generation_id"], ["generations.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("generation_id", "run", "position"),
    )
    op.create_index(
        "generation_inputs_of_image",
        "generation_inputs",
        ["image_id"],
        unique=False,
        sqlite_where=sa.text("image_id IS NOT NULL"),
        postgresql_where=sa.text("image_id IS NOT NULL"),
    )
    op.create_table(
        "live_images",
        sa.Column("id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("cache_key", sa.String(length=64), nullable=False),
        sa.Column("generation_id", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["generation_id"], ["generations.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["scope_id"], ["live_scopes.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("scope_id", "cache_key", name="live_images_one_a_question"),
    )
    op.create_index("live_images_of_generation", "live_images", ["generation_id"], unique=False)
