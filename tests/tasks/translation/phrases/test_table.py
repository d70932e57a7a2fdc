"""Phrases and their scores, by hand."""

from math import exp

import pytest

from replicate.tasks.translation.phrases.table import phrase_table

# 1 2 -> 11 12, word by word; 1 -> 11 and 1 -> 13; 1 2 -> 11 12 14, where 14 comes from nothing.
PAIRS = [([1, 2], [11, 12]), ([1], [11]), ([1], [13]), ([1, 2], [11, 12, 14])]
LINKS = [{(0, 0), (1, 1)}, {(0, 0)}, {(0, 0)}, {(0, 0), (1, 1)}]


def test_the_scores_of_a_phrase():
    table = phrase_table(PAIRS, LINKS, longest=3)
    assert list(table) == [(1,), (1, 2), (2,)]
    one = {phrase.target: [exp(score) for score in phrase.scores] for phrase in table[1,]}
    assert one[11,] == pytest.approx([3 / 4, 1, 3 / 4, 1])
    assert one[13,] == pytest.approx([1 / 4, 1, 1 / 4, 1])
    both = {phrase.target: [exp(score) for score in phrase.scores] for phrase in table[1, 2]}
    assert both[11, 12] == pytest.approx([2 / 3, 1, 3 / 4, 1])
    assert both[11, 12, 14] == pytest.approx([1 / 3, 1, 3 / 4, 1])  # 14 is all that comes from nothing


def test_a_word_of_several_links_has_their_mean_and_the_best_alignment_counts():
    pairs = [([1, 2], [11]), ([1, 2], [11]), ([1], [12])]
    table = phrase_table(pairs, [{(0, 0), (1, 0)}, {(1, 0)}, {(0, 0)}], longest=2)
    (phrase,) = [phrase for phrase in table[1, 2] if phrase.target == (11,)]
    # The phrase 2 -> 11 is one of three for 11. p(11 | 1) = 1/2 and p(11 | 2) = 1, their mean is 3/4; linked
    # to 2 alone it is 1. p(1 | 11) p(2 | 11) = 1/3 * 2/3; where 1 has no link, p(1 | none) = 1 in its place.
    assert [exp(score) for score in phrase.scores] == pytest.approx([1, 2 / 3, 1, 2 / 3])


def test_no_phrase_is_longer_and_the_commonest_come_first():
    table = phrase_table(PAIRS, LINKS, longest=2)
    assert max(len(words) for f in table for words in (f, *(phrase.target for phrase in table[f]))) == 2
    assert [phrase.target for phrase in table[1,]] == [(11,), (13,)]
