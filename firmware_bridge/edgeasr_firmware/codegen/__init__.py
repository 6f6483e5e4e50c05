"""From the operators of a TFLite file to C: programs, their text, and one module a family of operators."""

__all__: list[str] = []
