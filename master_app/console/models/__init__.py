"""Rows and how their cells are said. No widget, no call."""
