"""From notebooks to what people read: executed notebooks and the report's pages."""
