"""The tables of what is made here: generations and what went into them, live URLs, the ledger, counted windows.

Apart from `tables` because images and flows know nothing of them; they share its metadata and its conventions.
Money is micro-dollars: 1 USD is 1,000,000.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from atpix.db.tables import Id, Json, Serial, metadata

_PENDING, _PROCESSING = text("status = 'pending'"), text("status = 'processing'")

generations = Table(
    "generations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("flow_id", Id, ForeignKey("flows.id", ondelete="CASCADE")),
    Column("key_id", Id, comment="who asked; null: a live URL. No foreign key: the record outlives the key"),
    Column("status", String(10), CheckConstraint("status IN ('pending', 'processing', 'success', 'failed')"),
           nullable=False),
    Column("run", Integer, CheckConstraint("run > 0"), nullable=False, comment="1, and one more each regeneration"),
    Column("prompt", Text, nullable=False, comment="what is used"),
    Column("original_prompt", Text, comment="the user's, once it was enhanced"),
    Column("auto_enhance", Boolean, nullable=False),
    Column("template", String(20)),
    Column("aspect_ratio", String(5), nullable=False),
    Column("provider", String(40), nullable=False),
    Column("model", String(200)),
    Column("seed", BigInteger),
    Column("alias", String(50), comment="the project alias its image will have"),
    Column("flow_alias", String(50), comment="the flow alias its image will have"),
    Column("meta", Text, nullable=False),
    Column("warnings", Json, nullable=False),
    Column("error_code", String(40)),
    Column("error_message", Text),
    Column("output_image_id", Id, ForeignKey("images.id", ondelete="SET NULL")),
    Column("planned_image_id", Id, comment="whose bytes this run stores; an upload intent stands for them"),
    Column("provider_ref", Text, comment="the provider's own id of a job that it has taken"),
    Column("claimed_by", Id, comment="the runner at work on it"),
    Column("lease_until", BigInteger, comment="until then nobody else takes it over"),
    Column("due_at", BigInteger, nullable=False, comment="not before then"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("enhanced", Boolean, nullable=False, comment="whether that step is over in this run"),
    Column("usage", Json),
    Column("cost_micro_usd", BigInteger),
    Column("processing_time_ms", BigInteger),
    Column("started_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("generations_of_project", "project_id", "id"),
    Index("generations_of_project_by_status", "project_id", "status", "id"),
    Index("generations_of_flow", "flow_id", "id", sqlite_where=text("flow_id IS NOT NULL"),
          postgresql_where=text("flow_id IS NOT NULL")),
    Index("generations_of_output", "output_image_id", sqlite_where=text("output_image_id IS NOT NULL"),
          postgresql_where=text("output_image_id IS NOT NULL")),
    Index("generations_pending", "provider", "project_id", "due_at", "id", sqlite_where=_PENDING,
          postgresql_where=_PENDING),
    Index("generations_processing", "provider", "project_id", "lease_until", sqlite_where=_PROCESSING,
          postgresql_where=_PROCESSING),
)  # fmt: skip

generation_inputs = Table(
    "generation_inputs",
    metadata,
    Column("generation_id", Id, ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("role", String(10), CheckConstraint("role IN ('reference', 'mask')"), nullable=False),
    Column("image_id", Id, ForeignKey("images.id", ondelete="SET NULL"), comment="null: a tombstone"),
    Column("alias", String(50), comment="by which name it was meant"),
    Column("sha256", String(64), nullable=False),
    Index("generation_inputs_of_image", "image_id", sqlite_where=text("image_id IS NOT NULL"),
          postgresql_where=text("image_id IS NOT NULL")),
)  # fmt: skip

usage_records = Table(
    "usage_records",
    metadata,
    Column("id", Serial, Identity(), primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("generation_id", Id, nullable=False, comment="no foreign keys: a ledger outlives what it counts"),
    Column("run", Integer, nullable=False),
    Column("image_id", Id),
    Column("flow_id", Id),
    Column("key_id", Id),
    Column("provider", String(40), nullable=False),
    Column("model", String(200)),
    Column("outcome", String(10), CheckConstraint("outcome IN ('success', 'failed')"), nullable=False),
    Column("usage", Json, nullable=False),
    Column("cost_micro_usd", BigInteger, nullable=False),
    Column("processing_time_ms", BigInteger, nullable=False),
    UniqueConstraint("generation_id", "run", name="usage_records_one_a_run"),
    Index("usage_records_of_project", "project_id", "at", "cost_micro_usd"),
    Index("usage_records_of_image", "image_id"),
)

live_scopes = Table(
    "live_scopes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("slug", String(63), nullable=False),
    Column("allow_new_generations", Boolean, nullable=False),
    Column("new_generations_limit", Integer, CheckConstraint("new_generations_limit >= 0"), nullable=False),
    Column("last_generated_at", BigInteger),
    Column("meta", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("project_id", "slug", name="live_scopes_one_a_slug"),
)

live_images = Table(
    "live_images",
    metadata,
    Column("id", Id, primary_key=True),
    Column("scope_id", Id, ForeignKey("live_scopes.id", ondelete="CASCADE"), nullable=False),
    Column("cache_key", String(64), nullable=False, comment="SHA-256 of what the URL asks for"),
    Column("generation_id", Id, ForeignKey("generations.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("scope_id", "cache_key", name="live_images_one_a_question"),
    Index("live_images_of_generation", "generation_id"),
)

counted_windows = Table(
    "counted_windows",
    metadata,
    Column("subject", String(200), primary_key=True, comment="what is limited, and for whom"),
    Column("began_at", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    Index("counted_windows_age", "began_at"),
)
