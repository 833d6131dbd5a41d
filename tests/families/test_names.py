"""Domains of the targets, names and parameters."""

from __future__ import annotations

import numpy as np
import pytest
from exact_families import ALL, names

import bridle
from bridle.errors import DataError, UsageError
from bridle.families import (
    FAMILIES,
    Binomial,
    Family,
    Gamma,
    Huber,
    InverseGaussian,
    LogLog,
    NegativeBinomial,
    Poisson,
    Probit,
    Squared,
    Tweedie,
    binomial,
    family_named,
)

DOMAINS = {
    "binomial": ([0.0, 1.0, 0.5], [-0.1, 1.1, np.nan], "between them"),
    "binomial(probit)": ([0.0, 1.0, 0.5], [-0.1, 1.1, np.nan], "between them"),
    "binomial(cloglog)": ([0.0, 1.0, 0.5], [-0.1, 1.1, np.nan], "between them"),
    "poisson": ([0.0, 2.0, 1e8], [-1.0, -1e-300, np.nan], "at least 0"),
    "negative_binomial(2)": ([0.0, 2.0, 1e8], [-1.0, np.nan], "at least 0"),
    "tweedie(1.5)": ([0.0, 2.0, 1e8], [-1.0, np.nan], "at least 0"),
    "gamma": ([1e-300, 2.0, 1e8], [0.0, -1.0, np.nan], "above 0"),
    "tweedie(2.5)": ([1e-300, 2.0, 1e8], [0.0, -1.0, np.nan], "above 0"),
    "inverse_gaussian": ([1e-300, 2.0, 1e8], [0.0, -1.0, np.nan], "above 0"),
    "squared": ([-5.0, 0.0, 1e300], [], ""),
    "huber": ([-5.0, 0.0, 1e300], [], ""),
}


@pytest.mark.parametrize("name", DOMAINS)
def test_check_names_the_row_the_value_and_the_domain(name):
    fine, wrong, words = DOMAINS[name]
    family = family_named(name)
    family.check(np.array(fine), "claims")
    assert words in family.domain
    for value in wrong:
        y = np.array([*fine, value, *fine])
        with pytest.raises(DataError) as caught:
            family.check(y, "claims")
        message = str(caught.value)
        assert "claims" in message and f" {value:g} " in message and family.text in message
        assert f"row {len(fine) + 1};" in message and family.domain in message


@names
def test_a_constant_target_is_refused(family):
    with pytest.raises(DataError, match=r"^The target y is 1 in every row: there is nothing to learn"):
        family.check(np.ones(5), "y")
    with pytest.raises(DataError, match=r"y is 0\.5 in every row of positive weight"):
        family.check(np.array([0.5, 0.5, 1.0]), "y", np.array([1.0, 2.0, 0.0]))
    family.check(np.array([0.5, 0.5, 1.0]), "y", np.array([1.0, 2.0, 1e-9]))


def test_every_name_is_a_family():
    arguments = {"negative_binomial": "(2)", "tweedie": "(1.5)"}
    for name in FAMILIES:
        family = family_named(name + arguments.get(name, ""))
        assert isinstance(family, Family) and family.name == name and family.link in repr(family)
    assert family_named(family) is family


@pytest.mark.parametrize(
    ("text", "kind", "parameter"),
    [
        ("gaussian", Squared, None),
        ("normal", Squared, None),
        ("logistic", Binomial, None),
        ("binomial(logit)", Binomial, None),
        ("binomial(probit)", Probit, None),
        (" binomial ( cloglog ) ", LogLog, None),
        ("huber", Huber, 1.345),
        ("huber(2)", Huber, 2.0),
        ("negative_binomial(0.5)", NegativeBinomial, 0.5),
        ("tweedie(1.5)", Tweedie, 1.5),
        ("tweedie(0)", Squared, None),
        ("tweedie(1)", Poisson, None),
        ("tweedie(2.0)", Gamma, None),
        ("tweedie(3)", InverseGaussian, None),
        ("tweedie(1.0000001)", Tweedie, 1.0000001),
        ("tweedie(1.9999999)", Tweedie, 1.9999999),
    ],
)
def test_names_and_parameters(text, kind, parameter):
    family = family_named(text)
    assert type(family) is kind and family.parameter == parameter


@pytest.mark.parametrize(
    "family",
    [*ALL, Huber(1 / 3), NegativeBinomial(1.23456789), Tweedie(1.0000001), Tweedie(np.nextafter(1.5, 2))],
    ids=repr,
)
def test_the_text_gives_the_family_back(family):
    again = family_named(family.text)
    assert again == family and hash(again) == hash(family) and again.parameter == family.parameter
    assert type(again) is type(family)


def test_families_differ_by_their_parameters():
    different = [*ALL, Huber(2.0), Huber(1.345 + 1e-12), NegativeBinomial(2.0 + 1e-9)]
    assert len(set(different)) == len(different)
    assert Poisson() != "poisson" and Binomial() == binomial() and Probit() == binomial("probit")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("poison", ["family must be one of", "poisson", "tweedie", "'poison'"]),
        ("", ["family must be one of", "binomial"]),
        (None, ["family must be one of", "None"]),
        (3, ["family must be one of", "not 3"]),
        ("poisson(", ["family must be one of"]),
        ("Poisson", ["family must be one of", "'Poisson'"]),
        ("tweedie", ["tweedie needs its parameter", "tweedie(1.5)"]),
        ("negative_binomial", ["negative_binomial needs its parameter", "negative_binomial(2)"]),
        ("poisson(2)", ["poisson has no parameter", "'2'"]),
        ("gamma(log)", ["gamma has no parameter", "'log'"]),
        ("tweedie(0.5)", ["tweedie needs power above 1", "not 0.5"]),
        ("tweedie(inf)", ["tweedie needs power above 1", "not inf"]),
        ("tweedie(nan)", ["tweedie needs power above 1", "not nan"]),
        ("tweedie(wide)", ["tweedie needs power as a number", "'wide'"]),
        ("tweedie()", ["tweedie needs power as a number"]),
        ("negative_binomial(0)", ["needs theta above 0", "not 0"]),
        ("negative_binomial(-1.00000001)", ["needs theta above 0", "not -1.00000001"]),
        ("huber(0)", ["huber needs delta above 0"]),
        ("binomial(loglog)", ["logit, probit, cloglog", "'loglog'"]),
    ],
)
def test_wrong_names_are_told_what_to_do(wrong, words):
    with pytest.raises(UsageError) as caught:
        family_named(wrong)
    for word in words:
        assert word in str(caught.value)


def test_tweedie_of_power_two_is_sent_to_gamma():
    """Its own formula divides by 2 - power."""
    with pytest.raises(UsageError, match="gamma"):
        Tweedie(2)


def test_an_offset_that_is_no_logarithm_is_refused() -> None:
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((40, 2)), rng.poisson(1.0, 40)
    offset = rng.standard_normal(40)
    offset[7] = 5_000.0
    for call in (
        lambda: bridle.fit(X, y, family="poisson", offset=offset),
        lambda: bridle.path(X, y, family="poisson", offset=offset),
    ):
        with pytest.raises(DataError, match=r"offset is 5000 in row 8.*logarithm of the exposure"):
            call()
    assert bridle.path(X, y, family="huber", offset=offset).coefs.shape[1] == 2


def test_the_deviance_explained_of_one_class_has_no_meaning() -> None:
    rng = np.random.default_rng(2)
    X = rng.standard_normal((60, 2))
    model = bridle.fit(
        X, (X[:, 0] + rng.standard_normal(60) > 0).astype(int), family="binomial", nested=False
    )
    with pytest.raises(DataError, match="constant on these rows"):
        model.score(X[:5], np.ones(5))
