"""The report's figures: one function a figure, drawing on data already computed; `style.py` is the look."""
