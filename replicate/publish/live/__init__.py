"""A page in which trained models answer what its reader types, computed in the reader's browser."""
