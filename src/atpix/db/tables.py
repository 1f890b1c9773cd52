"""The tables. Rules stand here first: keys, CHECKs, SET NULL, CASCADE; Python only makes the message nicer.

Times are Unix milliseconds. Ids are UUIDs: text on SQLite, `uuid` on PostgreSQL, `str` in Python. `meta` is the user's
JSON as text: jsonb would reorder its keys. `images.created_at` is the time inside `images.id` (UUIDv7), so newest first
is `ORDER BY id DESC`: one index serves order and ties. `image_counts` is kept by triggers (see the first migration), so
that a total costs a handful of rows at any size.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData()

Id = String(36).with_variant(UUID(as_uuid=False), "postgresql")
Json = JSON().with_variant(JSONB(), "postgresql")
Serial = BigInteger().with_variant(Integer(), "sqlite")

organizations = Table(
    "organizations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", String(63), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("id", Id, primary_key=True),
    Column("organization_id", Id, ForeignKey("organizations.id"), nullable=False),
    Column("slug", String(63), nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("organization_id", "slug"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), comment="null: a master key"),
    Column("name", Text, nullable=False),
    Column("prefix", String(16), nullable=False, comment="what a person may see of the key"),
    Column("digest", String(64), nullable=False, unique=True, comment="SHA-256 of the key, hexadecimal"),
    Column("scopes", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("rotated_from", Id, ForeignKey("api_keys.id", ondelete="SET NULL")),
    Index("api_keys_of_project", "project_id"),
)

flows = Table(
    "flows",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("meta", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("flows_of_project", "project_id", "id"),
)

images = Table(
    "images",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("flow_id", Id, ForeignKey("flows.id", ondelete="SET NULL")),
    Column("source", String(9), CheckConstraint("source IN ('uploaded', 'generated')"), nullable=False),
    Column("media_type", String(32), nullable=False),
    Column("file_size", BigInteger, CheckConstraint("file_size > 0"), nullable=False),
    Column("width", Integer, CheckConstraint("width > 0"), nullable=False),
    Column("height", Integer, CheckConstraint("height > 0"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("focal_x", Double, CheckConstraint("focal_x BETWEEN 0 AND 1")),
    Column("focal_y", Double, CheckConstraint("focal_y BETWEEN 0 AND 1")),
    Column("meta", Text, nullable=False),
    Column("filename", Text),
    Column("thumbhash", String(64), nullable=False),
    Column("dominant_color", String(7), nullable=False),
    Column("has_alpha", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    Column("generation_id", Id,
           ForeignKey("generations.id", name="images_generation_id_fkey", ondelete="SET NULL")),
    CheckConstraint("(focal_x IS NULL) = (focal_y IS NULL)", name="focal_point_whole"),
    UniqueConstraint("project_id", "id", name="images_of_project"),
    Index("images_live", "project_id", "id", sqlite_where=text("deleted_at IS NULL"),
          postgresql_where=text("deleted_at IS NULL")),
    Index("images_live_by_source", "project_id", "source", "id", sqlite_where=text("deleted_at IS NULL"),
          postgresql_where=text("deleted_at IS NULL")),
    Index("images_by_source", "project_id", "source", "id"),
    Index("images_of_flow", "flow_id", "id", sqlite_where=text("flow_id IS NOT NULL"),
          postgresql_where=text("flow_id IS NOT NULL")),
    Index("images_of_flow_by_source", "flow_id", "source", "id", sqlite_where=text("flow_id IS NOT NULL"),
          postgresql_where=text("flow_id IS NOT NULL")),
    Index("images_by_sha256", "project_id", "sha256"),
    Index("images_of_generation", "generation_id", sqlite_where=text("generation_id IS NOT NULL"),
          postgresql_where=text("generation_id IS NOT NULL")),
    Index("images_trashed", "deleted_at", sqlite_where=text("deleted_at IS NOT NULL"),
          postgresql_where=text("deleted_at IS NOT NULL")),
)  # fmt: skip

image_counts = Table(
    "image_counts",
    metadata,
    Column("project_id", Id, nullable=False),
    Column("flow_id", Id, comment="null: the whole project"),
    Column("source", String(9), nullable=False),
    Column("trashed", Boolean, nullable=False),
    Column("slot", Integer, nullable=False, comment="spreads writers over rows on PostgreSQL"),
    Column("n", BigInteger, nullable=False),
    Index("image_counts_of_project", "project_id", "source", "trashed", "slot", unique=True,
          sqlite_where=text("flow_id IS NULL"), postgresql_where=text("flow_id IS NULL")),
    Index("image_counts_of_flow", "flow_id", "source", "trashed", "slot", unique=True,
          sqlite_where=text("flow_id IS NOT NULL"), postgresql_where=text("flow_id IS NOT NULL")),
)  # fmt: skip

aliases = Table(
    "aliases",
    metadata,
    Column("id", Serial, Identity(), primary_key=True),
    Column("project_id", Id, nullable=False),
    Column("flow_id", Id, ForeignKey("flows.id", ondelete="CASCADE"), comment="null: the project's own scope"),
    Column("name", String(50), CheckConstraint("name LIKE '@_%'"), nullable=False),
    Column("image_id", Id, nullable=False),
    Column("assigned_at", BigInteger, nullable=False),
    ForeignKeyConstraint(["project_id", "image_id"], ["images.project_id", "images.id"], ondelete="CASCADE"),
    Index("aliases_one_holder", "project_id", "name", unique=True,
          sqlite_where=text("flow_id IS NULL"), postgresql_where=text("flow_id IS NULL")),
    Index("aliases_one_holder_in_flow", "flow_id", "name", unique=True,
          sqlite_where=text("flow_id IS NOT NULL"), postgresql_where=text("flow_id IS NOT NULL")),
    Index("aliases_one_name_an_image", "image_id", unique=True,
          sqlite_where=text("flow_id IS NULL"), postgresql_where=text("flow_id IS NULL")),
    Index("aliases_of_image", "image_id"),
)  # fmt: skip

alias_moves = Table(
    "alias_moves",
    metadata,
    Column("id", Serial, Identity(), primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("flow_id", Id, comment="no foreign key: history outlives the flow"),
    Column("name", String(50), nullable=False),
    Column("revision", Integer, CheckConstraint("revision > 0"), nullable=False),
    Column("image_id", Id, comment="null: removed or released; no foreign key: history outlives the image"),
    Column("previous_image_id", Id),
    Column("at", BigInteger, nullable=False),
    Column("key_id", Id, comment="who did it; null: the server itself"),
    Column("note", Text),
    Column("release_id", Id),
    Index("alias_moves_revisions", "project_id", "name", "revision", unique=True,
          sqlite_where=text("flow_id IS NULL"), postgresql_where=text("flow_id IS NULL")),
    Index("alias_moves_revisions_in_flow", "flow_id", "name", "revision", unique=True,
          sqlite_where=text("flow_id IS NOT NULL"), postgresql_where=text("flow_id IS NOT NULL")),
)  # fmt: skip

outbox = Table(
    "outbox",
    metadata,
    Column("id", Serial, Identity(), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("payload", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Index("outbox_due", "due_at"),
)

upload_intents = Table(
    "upload_intents",
    metadata,
    Column("blob_key", String(200), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Index("upload_intents_age", "created_at"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", Id, primary_key=True, comment="the project that asked; the nil UUID: a master key"),
    Column("key", String(255), primary_key=True),
    Column("holder", Id, nullable=False, comment="the request that is answering"),
    Column("held_until", BigInteger, nullable=False),
    Column("fingerprint", String(64), comment="null until the request was read whole"),
    Column("status", Integer, comment="null until it was answered"),
    Column("body", LargeBinary),
    Column("etag", String(64)),
    Column("created_at", BigInteger, nullable=False),
    Index("idempotency_keys_age", "created_at"),
)
