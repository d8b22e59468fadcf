"""Tasks from intake to retention; `attempts` is the only door to attempt state."""
