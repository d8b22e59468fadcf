"""Numbered changes of the database's shape, in order; run at start, after a copy of the database was made."""
