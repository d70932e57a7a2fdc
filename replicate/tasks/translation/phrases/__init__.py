"""A phrase-based translation system, the paper's rival in its smallest form (Koehn, Och and Marcu 2003).

In the order of its making: words are aligned in both directions (`alignment`, `symmetry`), phrases that
translate each other are cut out and scored (`extraction`, `table`), answers are judged as sentences of their
language (`language`), a sentence is covered by phrases in the best order that a search finds (`decoder`,
`nbest`), and the weights of all this are those with the highest BLEU on the validation split (`tuning`).
`system` puts it together.
"""
