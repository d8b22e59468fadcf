"""The portal: server-rendered pages over the same services as the API.

    people     first visit, sign-up, log in            dashboard  what is going on, what needs you
    submit     a zip becomes a draft, a draft a task   tasks      the list; one task, its log, files, chart
    failure    from a traceback to a fix (pure)        balance    entries, explained; transfers
    nodes      the pool; "add my computer"             account    password, sessions, tokens
    docs       how to write a task                     admin      users, nodes, audit log
    installers what the operator offers to download

A view decodes, calls one service and renders; what a page shows is a value made by a pure function beside it.
`session` is the only file that knows Flask-Login, `language` the only one that knows Babel.
"""
