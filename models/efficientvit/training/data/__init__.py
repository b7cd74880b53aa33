"""Labelled pictures: what they are read from, how they are kept decoded, drawn and changed."""
