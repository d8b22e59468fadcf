"""The only room that knows SQLAlchemy: what is kept, how it is written, how it is read.

    writer        one thread, one transaction at a time, many commands a commit; owns the hot state
    transactions  begin, commit, rollback, and which failure means what
    unit_of_work  one transaction's repositories; writes rows that changed once, at the commit
    repositories  the ports over Core statements that are compiled once and run with plain tuples
    reads         queries for faces, on connections of their own
    log_files     what attempts wrote, in files beside the database
    engine        SQLite or PostgreSQL; tables, mapping, migrations and backup belong to it

Services see the ports alone; `open_storage` is called by the composition root.
"""
