"""The worker: a headless agent that runs attempts in sandboxes, and a tray that is only a face of it."""
