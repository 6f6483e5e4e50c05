"""What becomes of step models for programs that run them in their own way."""

from edgeasr_export.variants.variant import VARIANTS, Variant, format_of, variant

__all__ = ["VARIANTS", "Variant", "format_of", "variant"]
