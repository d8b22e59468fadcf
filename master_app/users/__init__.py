"""People: who they are, how they prove it, and what they may do.

    accounts       making and changing users: sign-up, roles, lock, password, deletion
    sign_in        login, one-use links, API tokens, refresh, revoke
    authenticate   token -> Principal, cached for moments, forgotten at once when something is revoked
    throttle       lockout and rate limits, bounded in memory
    passwords      Argon2id, bounded in how many run at once

What each role may do is one table in `core.domain.user`; services ask it, doors do not decide. Hashing a password
is slow on purpose and happens on the caller's thread; then one command on the writer does the rest.
"""
