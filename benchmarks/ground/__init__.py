"""How far off ground positions are, and whether their error radii are true: simulated flights, and real sets."""
