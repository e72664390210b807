"""Where Alembic runs: on the connection that it is given, in its transaction."""

from alembic import context

from ari_app.history.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,  # SQLite alters few things of a table
    compare_type=True,
)
context.run_migrations()
