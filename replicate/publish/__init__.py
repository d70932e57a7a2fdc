"""From notebooks to what people read: executed notebooks, the report as a book, and a blog's posts."""
