"""Take a Keras speech model to an edge device, and prove by measurement that what arrived still works."""

__version__ = "0.1.0"
__all__ = ["__version__"]
