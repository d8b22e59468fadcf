"""The repository ports over Core statements; one instance a connection, forgotten what it knows at each begin."""
