"""From any older version of the store to the newest, one function a version."""

from sqlite_utils import Database, Migrations

from demoscope.store_file import APPLICATION_ID, VERSION
from simulator import schema

MIGRATIONS = Migrations("demoscope")


@MIGRATIONS(name="1")
def first(db: Database) -> None:
    """Tables, as the newest version has them."""
    for statement in schema.TABLES.split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


@MIGRATIONS(name="2")
def costs(db: Database) -> None:
    """What an attempt thought, used and cost, and what a model may have spent."""
    _add(db, "attempts", reasoning="TEXT", cached_tokens="INTEGER", reasoning_tokens="INTEGER", cost="REAL")
    _add(db, "models", committed="REAL")


@MIGRATIONS(name="3")
def routing(db: Database) -> None:
    """What a question stands in and hangs on."""
    _add(
        db,
        "questions",
        section="TEXT",
        battery="TEXT",
        stem="TEXT",
        instruction="TEXT",
        unit="TEXT",
        show_if="TEXT",
        experiment="TEXT",
        excluded="TEXT",
    )


def _add(db: Database, table: str, **columns: str) -> None:
    """Add columns at the end of a table, those that a newly made one does not have already."""
    present = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
    for name, kind in columns.items():
        if name not in present:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")


def migrate(db: Database) -> None:
    """Bring tables and views to the newest version; does nothing to a store that is there already."""
    if db.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return
    MIGRATIONS.apply(db)
    with db.conn:
        for name in db.view_names():
            db.execute(f"DROP VIEW [{name}]")
        for statement in schema.VIEWS.split(";\n"):
            if statement.strip():
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")
