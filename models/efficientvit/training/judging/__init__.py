"""A detector run as Sightline runs it, and its accuracy."""
