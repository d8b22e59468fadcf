"""Membership, sessions, dispatch and the reaper. Timers are `tick(now)`."""
