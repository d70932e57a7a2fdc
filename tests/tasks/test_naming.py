"""Special tokens in an answer are seen, and nothing else has their names."""

from shared import primes

from replicate.tasks.naming import name_of, text_of


def test_special_tokens_stand_by_their_names():
    vocabulary = primes(vocab_size=31, max_length=5).target
    assert text_of(vocabulary, [7, 11]) == vocabulary.decode([7, 11]) == "7 11"
    assert text_of(vocabulary, [7, 0, 11]) == "7 PAD 11" and text_of(vocabulary, []) == ""
    assert [name_of(vocabulary, token) for token in (0, 7, vocabulary.eos)] == ["PAD", "7", "EOS"]
