"""Pixels <-> ground: geodesy, rotations, cameras, heights, and where rays end."""
