"""Widgets of the console. They show models and tell controllers what a person did; they call no master."""
