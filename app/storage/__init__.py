"""The database: tables, short transactions, migrations; it knows no business rule."""
