"""The one exception of our own: a file whose content cannot be used."""

__all__ = ["RecordingError"]


class RecordingError(ValueError):
    """A recording was read, but what it holds cannot be used.

    The message is one line that names the file, the unit or the row, and the cure.
    """
