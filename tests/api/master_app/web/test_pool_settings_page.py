"""An operator changes the pool's rules from a page: at once, with the audit log saying what."""

from __future__ import annotations

import re

from core.domain.user import Role, SignUp
from tests.support.portal import PASSWORD
from tests.support.web_pool import WebPool


def test_rules_change_from_the_page_and_mistakes_keep_what_was_typed(web: WebPool) -> None:
    web.pool.master.accounts.add(None, "olga", PASSWORD, [Role.OPERATOR]).result(30)
    http = web.app.test_client()

    def token(path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', http.get(path).text)
        assert found is not None
        return found[1]

    http.post("/login", data={"username": "olga", "password": PASSWORD, "csrf_token": token("/login")})
    form = {
        "csrf_token": token("/admin/settings"),
        "sign_up": "closed",
        "sign_up_grant": "12.5",
        "user.queued_tasks": "500",
        "user.spend_day_ucpt": "40",
        "pool.running_cpu_millis": "1.5",
    }
    refused = http.post("/admin/settings", data={**form, "user.storage_bytes": "many"})
    assert refused.status_code == 422 and 'value="many"' in refused.text and 'value="500"' in refused.text
    assert web.pool.master.rules.now.sign_up is not SignUp.CLOSED, "nothing is changed by a form with a mistake"
    assert http.post("/admin/settings", data=form).status_code == 303
    rules = web.pool.master.rules.now
    assert (rules.sign_up, rules.sign_up_grant_ucpt) == (SignUp.CLOSED, 12_500_000)
    assert (rules.user_quota.queued_tasks, rules.user_quota.spend_day_ucpt) == (500, 40_000_000)
    assert (rules.user_quota.storage_bytes, rules.pool_quota.running_cpu_millis) == (None, 1500)
    assert "settings.change" in http.get("/admin/audit").text
