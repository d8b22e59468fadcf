"""What an operator may change of a running pool: who may sign up, and what each user and all together may use."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.user import NO_QUOTA, Quota, SignUp


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRules:
    """One value, replaced whole. Kept in the database once an operator changed it; before that from settings."""

    sign_up: SignUp = SignUp.OPEN
    #: What a new account gets from the mint.
    sign_up_grant_ucpt: int = 150_000_000
    #: Of a user who has no quota of their own.
    user_quota: Quota = field(default_factory=Quota)
    #: Of all users together.
    pool_quota: Quota = NO_QUOTA
