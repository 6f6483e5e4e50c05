"""Quantisation schemes: what becomes of weights and activations, in each format."""

from edgeasr_export.schemes.scheme import SCHEMES, Scheme, scheme

__all__ = ["SCHEMES", "Scheme", "scheme"]
