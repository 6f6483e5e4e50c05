"""Measures of how well a model does, and their pictures."""
