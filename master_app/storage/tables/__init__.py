"""The tables, one module an aggregate. Integers for money and times, text for states, JSON text for values."""
