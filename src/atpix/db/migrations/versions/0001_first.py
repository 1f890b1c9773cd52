"""The first schema.

Two things here that `tables.py` cannot say: `image_counts` is kept by triggers, so that no path can forget it, cascades
included; and on PostgreSQL a trigger tells listening processes which image went, so that they forget it too.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

ID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _tables()
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL:
            op.execute(statement)
    else:
        for statement in _sqlite_triggers():
            op.execute(statement)


POSTGRESQL = (
    """
    CREATE FUNCTION count_image(project uuid, flow uuid, src text, gone boolean, step int) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE s int := floor(random() * 8);
    BEGIN
        INSERT INTO image_counts (project_id, flow_id, source, trashed, slot, n) VALUES (project, NULL, src, gone, s, step)
        ON CONFLICT (project_id, source, trashed, slot) WHERE flow_id IS NULL DO UPDATE SET n = image_counts.n + step;
        IF flow IS NOT NULL THEN
            INSERT INTO image_counts (project_id, flow_id, source, trashed, slot, n) VALUES (project, flow, src, gone, s, step)
            ON CONFLICT (flow_id, source, trashed, slot) WHERE flow_id IS NOT NULL DO UPDATE SET n = image_counts.n + step;
        END IF;
    END $$
    """,
    """
    CREATE FUNCTION images_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            PERFORM count_image(OLD.project_id, OLD.flow_id, OLD.source, OLD.deleted_at IS NOT NULL, -1);
            PERFORM pg_notify('atpix_images', OLD.id::text);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM count_image(NEW.project_id, NEW.flow_id, NEW.source, NEW.deleted_at IS NOT NULL, 1);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER images_changed AFTER INSERT OR DELETE OR UPDATE OF project_id, flow_id, source, deleted_at ON images
    FOR EACH ROW EXECUTE FUNCTION images_changed()
    """,
)


def _sqlite_triggers() -> list[str]:
    new = _sqlite_count("NEW", 1)
    old = _sqlite_count("OLD", -1)
    return [
        f"CREATE TRIGGER images_inserted AFTER INSERT ON images BEGIN {new} END",
        f"CREATE TRIGGER images_deleted AFTER DELETE ON images BEGIN {old} END",
        f"CREATE TRIGGER images_updated AFTER UPDATE OF project_id, flow_id, source, deleted_at ON images BEGIN {old} {new} END",
    ]


def _sqlite_count(row: str, step: int) -> str:
    values = f"{row}.source, {row}.deleted_at IS NOT NULL, 0, {step}"
    return f"""
        INSERT INTO image_counts (project_id, flow_id, source, trashed, slot, n) VALUES ({row}.project_id, NULL, {values})
        ON CONFLICT (project_id, source, trashed, slot) WHERE flow_id IS NULL DO UPDATE SET n = n + {step};
        INSERT INTO image_counts (project_id, flow_id, source, trashed, slot, n)
        SELECT {row}.project_id, {row}.flow_id, {values} WHERE {row}.flow_id IS NOT NULL
        ON CONFLICT (flow_id, source, trashed, slot) WHERE flow_id IS NOT NULL DO UPDATE SET n = n + {step};
    """  # noqa: S608  the parts are our own words


def _tables() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", ID, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("holder", ID, nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("etag", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key"),
    )
    op.create_index("idempotency_keys_age", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "image_counts",
        sa.Column("project_id", ID, nullable=False),
        sa.Column("flow_id", ID, nullable=True),
        sa.Column("source", sa.String(length=9), nullable=False),
        sa.Column("trashed", sa.Boolean(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
    )
    op.create_index(
        "image_counts_of_flow",
        "image_counts",
        ["flow_id", "source", "trashed", "slot"],
        unique=True,
        sqlite_where=sa.text("flow_id IS NOT NULL"),
        postgresql_where=sa.text("flow_id IS NOT NULL"),
    )
    op.create_index(
        "image_counts_of_project",
        "image_counts",
        ["project_id", "source", "trashed", "slot"],
        unique=True,
        sqlite_where=sa.text("flow_id IS NULL"),
        postgresql_where=sa.text("flow_id IS NULL"),
    )
    op.create_table(
        "organizations",
        sa.Column("id", ID, nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", SERIAL, sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outbox_due", "outbox", ["due_at"], unique=False)
    op.create_table(
        "upload_intents",
        sa.Column("blob_key", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("blob_key"),
    )
    op.create_index("upload_intents_age", "upload_intents", ["created_at"], unique=False)
    op.create_table(
        "projects",
        sa.Column("id", ID, nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organization_id", "slug"),
    )
    op.create_table(
        "alias_moves",
        sa.Column("id", SERIAL, sa.Identity(always=False), nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("flow_id", ID, nullable=True),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("revision", sa.Integer(), sa.CheckConstraint("revision > 0"), nullable=False),
        sa.Column("image_id", ID, nullable=True),
        sa.Column("previous_image_id", ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", ID, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("release_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "alias_moves_revisions",
        "alias_moves",
        ["project_id", "name", "revision"],
        unique=True,
        sqlite_where=sa.text("flow_id IS NULL"),
        postgresql_where=sa.text("flow_id IS NULL"),
    )
    op.create_index(
        "alias_moves_revisions_in_flow",
        "alias_moves",
        ["flow_id", "name", "revision"],
        unique=True,
        sqlite_where=sa.text("flow_id IS NOT NULL"),
        postgresql_where=sa.text("flow_id IS NOT NULL"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("rotated_from", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
        ),
        sa.ForeignKeyConstraint(["rotated_from"], ["api_keys.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("api_keys_of_project", "api_keys", ["project_id"], unique=False)
    op.create_table(
        "flows",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("meta", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("flows_of_project", "flows", ["project_id", "id"], unique=False)
    op.create_table(
        "images",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("flow_id", ID, nullable=True),
        sa.Column(
            "source", sa.String(length=9), sa.CheckConstraint("source IN ('uploaded', 'generated')"), nullable=False
        ),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("file_size", sa.BigInteger(), sa.CheckConstraint("file_size > 0"), nullable=False),
        sa.Column("width", sa.Integer(), sa.CheckConstraint("width > 0"), nullable=False),
        sa.Column("height", sa.Integer(), sa.CheckConstraint("height > 0"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("focal_x", sa.Double(), sa.CheckConstraint("focal_x BETWEEN 0 AND 1"), nullable=True),
        sa.Column("focal_y", sa.Double(), sa.CheckConstraint("focal_y BETWEEN 0 AND 1"), nullable=True),
        sa.Column("meta", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("thumbhash", sa.String(length=64), nullable=False),
        sa.Column("dominant_color", sa.String(length=7), nullable=False),
        sa.Column("has_alpha", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(focal_x IS NULL) = (focal_y IS NULL)", name="focal_point_whole"),
        sa.ForeignKeyConstraint(["flow_id"], ["flows.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project_id", "id", name="images_of_project"),
    )
    op.create_index("images_by_sha256", "images", ["project_id", "sha256"], unique=False)
    op.create_index("images_by_source", "images", ["project_id", "source", "id"], unique=False)
    op.create_index(
        "images_live",
        "images",
        ["project_id", "id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "images_live_by_source",
        "images",
        ["project_id", "source", "id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "images_of_flow",
        "images",
        ["flow_id", "id"],
        unique=False,
        sqlite_where=sa.text("flow_id IS NOT NULL"),
        postgresql_where=sa.text("flow_id IS NOT NULL"),
    )
    op.create_index(
        "images_of_flow_by_source",
        "images",
        ["flow_id", "source", "id"],
        unique=False,
        sqlite_where=sa.text("flow_id IS NOT NULL"),
        postgresql_where=sa.text("flow_id IS NOT NULL"),
    )
    op.create_index(
        "images_trashed",
        "images",
        ["deleted_at"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_table(
        "aliases",
        sa.Column("id", SERIAL, sa.Identity(always=False), nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("flow_id", ID, nullable=True),
        sa.Column("name", sa.String(length=50), sa.CheckConstraint("name LIKE '@_%'"), nullable=False),
        sa.Column("image_id", ID, nullable=False),
        sa.Column("assigned_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flows.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["project_id", "image_id"], ["images.project_id", "images.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("aliases_of_image", "aliases", ["image_id"], unique=False)
    op.create_index(
        "aliases_one_holder",
        "aliases",
        ["project_id", "name"],
        unique=True,
        sqlite_where=sa.text("flow_id IS NULL"),
        postgresql_where=sa.text("flow_id IS NULL"),
    )
    op.create_index(
        "aliases_one_holder_in_flow",
        "aliases",
        ["flow_id", "name"],
        unique=True,
        sqlite_where=sa.text("flow_id IS NOT NULL"),
        postgresql_where=sa.text("flow_id IS NOT NULL"),
    )
    op.create_index(
        "aliases_one_name_an_image",
        "aliases",
        ["image_id"],
        unique=True,
        sqlite_where=sa.text("flow_id IS NULL"),
        postgresql_where=sa.text("flow_id IS NULL"),
    )
