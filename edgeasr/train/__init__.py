"""Training and evaluation of Keras models."""
