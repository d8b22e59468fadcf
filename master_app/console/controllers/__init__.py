"""Calls to the master, what follows from their answers, and nothing that is drawn."""
