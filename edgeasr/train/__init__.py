"""Training of Keras models."""
