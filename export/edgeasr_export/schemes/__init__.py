"""Quantisation schemes: what becomes of weights and activations, in each format."""

from edgeasr_export.schemes.scheme import SCHEMES, Plan, Scheme, scheme

__all__ = ["SCHEMES", "Plan", "Scheme", "scheme"]
