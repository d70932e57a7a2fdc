"""Scores of trained models and of baselines, and single answers looked at.

In notebooks, tables show words as they are from then on: JupyterLab takes two dollars in a table's cell for
those of a formula otherwise.
"""

import pandas as pd

pd.set_option("display.html.use_mathjax", False)
