"""A parameter's value in the type of its default: read exactly, or refused."""

import pytest

from replicate.errors import ParameterError
from replicate.parameters import Parameters
from replicate.values import plain


@pytest.mark.parametrize(
    ("default", "given", "read"),
    [
        ([1], "[3, 4]", [3, 4]),
        ([1], [3, 4], [3, 4]),
        ([1], (3, 4), [3, 4]),
        ((1, 2), "(5, 6)", [5, 6]),
        ({"a": 1}, "{'a': [5]}", {"a": [5]}),
        ({"a": 1}, {"b": 5}, {"b": 5}),
        ([1], None, None),
        ([1], "3", "a list, such as"),
        ([1], "3, 4, five", "a list, such as"),
        ([1], "[" * 500, "a list, such as"),
        ([1], "[(1, 2), 3, None, True]", [[1, 2], 3, None, True]),
        ([1], "[{1}]", "a list, such as"),
        ([1], "[b'x']", "a list, such as"),
        ([1], r"['\ud800']", "a list, such as"),
        ({1: "a"}, "{1: 'b'}", "names and values, such as"),
        ({1: "a"}, {1: "b"}, {1: "b"}),
        ([1], "__import__('os')", "a list, such as"),
        ((1,), {"a": 1}, "a list, such as"),
        ({"a": 1}, "[('a', 1)]", "names and values, such as"),
    ],
)
def test_a_list_and_a_dict_are_read_or_refused(default, given, read):
    if isinstance(read, str):
        with pytest.raises(ParameterError, match=f"^x must be {read} "):
            Parameters({"x": default}, {"x": given})
    else:
        found = Parameters({"x": default}, {"x": given})["x"]
        assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("default", "given", "read"),
    [
        (5, "9007199254740993", 2**53 + 1),
        (5, 10**30, 10**30),
        (5, "1e15", 10**15),
        (5, "1e23", "a whole number"),  # a float, whose last digits are others
        (5, "9007199254740993.0", "a whole number"),
        (5, "9" * 5000, "a whole number"),
        (5, "nan", "a whole number"),
        (5, True, "a whole number"),
        (0.5, "1e400", "a number"),
        (0.5, "-inf", float("-inf")),
        (0.5, 10**400, "a number"),
    ],
)
def test_a_number_is_read_exactly_or_refused(default, given, read):
    if isinstance(read, str):
        with pytest.raises(ParameterError, match=f"^x must be {read}, not "):
            Parameters({"x": default}, {"x": given})
    else:
        assert Parameters({"x": default}, {"x": given})["x"] == read


def test_a_text_that_no_number_can_hold_stays_text():
    assert [plain("1e400"), plain("9" * 5000), plain("1e3")] == ["1e400", "9" * 5000, 1000.0]


@pytest.mark.parametrize("default", [{1, 2}, b"ab", 1j])
def test_what_no_notebook_can_be_handed_is_not_taken_for_text(default):
    assert Parameters({"x": default}, {})["x"] == default
    with pytest.raises(
        ParameterError, match=f"^x cannot be given: its default is a {type(default).__name__}"
    ):
        Parameters({"x": default}, {"x": str(default)})
