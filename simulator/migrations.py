"""From any older version of the store to the newest, one function a version."""

from sqlite_utils import Database, Migrations

from demoscope.store_file import APPLICATION_ID, VERSION
from simulator import schema

MIGRATIONS = Migrations("demoscope")


@MIGRATIONS(name="1")
def first(db: Database) -> None:
    """Tables of the first version."""
    for statement in schema.TABLES.split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


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
