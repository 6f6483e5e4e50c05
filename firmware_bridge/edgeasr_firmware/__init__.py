"""From a quantised bundle to C99 firmware. Nothing is here yet: the package keeps the layout whole."""

__all__: list[str] = []
