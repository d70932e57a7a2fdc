"""What is measured on trained models beyond their scores, by study: each study's tables, named here."""

from collections.abc import Callable

import pandas as pd

from replicate.studies.claims.measurements import CLAIMS, MEMORY, RARE
from replicate.studies.translation.measurements import ATTENTION, OF_A_KIND, RIVAL, TRANSLATION

# By table: the arms it is measured on, and how, from their runs.
Tables = dict[str, tuple[list[str], Callable[..., pd.DataFrame]]]

MEASUREMENTS: dict[str, Tables] = {
    "claims": CLAIMS,
    "memory": MEMORY,
    "rare": RARE,
    "translation": TRANSLATION,
    "translation-attention": ATTENTION,
    "translation-clipping": OF_A_KIND["reversed"],
    "translation-depth": OF_A_KIND["reversed"],
    "translation-rival": RIVAL,
    "translation-rnn": OF_A_KIND["reversed"],
    "translation-rnn-reversal": OF_A_KIND["forward"],
    "translation-sgd": OF_A_KIND["reversed"],
    "translation-subwords": OF_A_KIND["reversed"],
}
