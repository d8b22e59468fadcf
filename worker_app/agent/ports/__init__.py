"""What the agent asks of the world, one file a port; the agent declares them, other rooms implement them."""
