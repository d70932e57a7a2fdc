"""From notebooks to what people read: executed notebooks, the report as a book, and a blog's posts."""


class BookError(RuntimeError):
    """A page that cannot be made as its source stands; the message names both in one line."""
