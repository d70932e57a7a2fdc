"""Train, validation and test: disjoint, by page, without near duplicates, and fixed by the text alone."""

import pytest

from replicate.tasks.translation.corpus import CorpusError, Pair
from replicate.tasks.translation.grammar import grammar_pairs
from replicate.tasks.translation.split import masked, split


def letters(number: int) -> str:
    """A word of its own for each number: sentences that differ in digits alone are near duplicates."""
    return str(number).translate(str.maketrans("0123456789", "abcdefghij"))


PAGES = [
    Pair(f"sentence {letters(i)} of {letters(page)}", f"phrase {i}", f"page {page}")
    for page in range(600)
    for i in range(3)
]


def parts(pairs):
    return vars(split(pairs))


def test_every_page_is_wholly_in_one_part_of_about_its_share():
    groups = {name: {pair.group for pair in part} for name, part in parts(PAGES).items()}
    assert sum(map(len, groups.values())) == len(set.union(*groups.values())) == 600
    assert 5 <= len(groups["validation"]) <= 20 and 38 <= len(groups["test"]) <= 70


def test_no_order_of_the_text_decides():
    for name, part in parts(PAGES[::-1]).items():
        assert sorted(part) == sorted(parts(PAGES)[name])
    assert parts(PAGES[::-1])["test"] == parts(PAGES)["test"]
    assert [pair.group for pair in split(PAGES).test] != sorted(pair.group for pair in split(PAGES).test)


def test_a_page_stays_where_it_is_when_others_come():
    more = [*PAGES, *(Pair(f"unlike {letters(i)}", "x", f"new {i}") for i in range(50))]
    for name, part in parts(PAGES).items():
        assert set(part) <= set(parts(more)[name])


def test_a_source_that_training_has_but_for_case_and_digits_is_not_tested():
    train, test = split(PAGES).train[0], split(PAGES).test[0]
    copies = [Pair("See Table 12", "a", train.group), Pair("see table 34", "b", test.group)]
    found = split([*PAGES, *copies])
    assert copies[0] in found.train and copies[1] not in found.test
    assert len(found.test) == len(split(PAGES).test)
    assert copies[1] in split([*PAGES, copies[1]]).test


def test_without_pages_equal_sources_stay_together():
    found = parts([*grammar_pairs(), *(Pair(pair.source.upper(), "x") for pair in grammar_pairs())])
    sources = [{masked(pair.source) for pair in part} for part in found.values()]
    assert all(sources) and sum(map(len, sources)) == len(set.union(*sources)) == len(grammar_pairs())


@pytest.mark.parametrize("count", [3, 4, 8, 40])
def test_a_text_of_few_pages_has_one_at_least_for_every_part(count):
    for start in range(0, 200, count):
        few = [pair for pair in PAGES if start <= int(pair.group.split()[1]) < start + count]
        found = {name: {pair.group for pair in part} for name, part in parts(few).items()}
        assert all(found.values()) and sum(map(len, found.values())) == count
    usual = {name: {pair.group for pair in part} for name, part in parts(PAGES).items()}
    moved = [group for name, groups in found.items() for group in groups if group not in usual[name]]
    assert len(moved) <= 2  # the others are where they are in a long text


def test_two_pages_are_too_few():
    with pytest.raises(
        CorpusError, match="need a page each, or a sentence where no page is named; the text has 2"
    ):
        split(PAGES[:6])
