"""The pages of the worker's window: each shows snapshots and asks through the courier; none decides."""
