"""What the agents' corrections have taught, on short mails written for this test (mails_by_category.toml)."""

import tomllib
from itertools import chain
from pathlib import Path

import pytest

from gateway.desk.suggestion import BUCKETS, LEAST_LESSONS, MOST_FEATURES, Experience, Suggestion, features

MAILS = tomllib.loads((Path(__file__).parent / "mails_by_category.toml").read_text())
COUNTED = [(category, features(*mail)) for category, mails in MAILS.items() for mail in mails]


@pytest.fixture
def experience() -> Experience:
    learnt = Experience()
    for category, counted in COUNTED:
        learnt.learn(category, counted)
    return learnt


def without(experience: Experience, category: str, counted: list[int]) -> Suggestion:
    """What it says of a mail when it has learnt all others."""
    experience.learn(category, counted, -1)
    suggested = experience.suggest(counted)
    experience.learn(category, counted)
    assert suggested
    return suggested


def test_of_a_mail_that_it_has_not_seen_it_is_right_more_often_than_chance_by_far(experience: Experience) -> None:
    right = [without(experience, category, counted).label == category for category, counted in COUNTED]
    assert sum(right) >= 0.65 * len(COUNTED), "one of four by chance; 69 % when this was written"


def test_what_it_is_sure_of_is_right(experience: Experience) -> None:
    said = [(without(experience, category, counted), category) for category, counted in COUNTED]
    sure = [suggested.label == category for suggested, category in said if suggested.confidence >= 0.5]
    assert len(sure) >= len(COUNTED) / 3
    assert sum(sure) >= 0.9 * len(sure)


def test_a_correction_takes_back_what_was_learnt(experience: Experience) -> None:
    words = features("Zebra", "The zebra of the zoo")
    experience.learn("policy", words)
    experience.learn("policy", words, -1)
    before = [experience.suggest(counted) for _, counted in COUNTED]
    experience.learn("technical", words)
    suggested = experience.suggest(words)
    assert suggested
    assert suggested.label == "technical"
    experience.learn("technical", words, -1)
    assert [experience.suggest(counted) for _, counted in COUNTED] == before


def test_what_two_gateways_learnt_adds_up(experience: Experience) -> None:
    halves = COUNTED[::2], COUNTED[1::2]
    both = Experience()
    for half in halves:
        for category in MAILS:
            seen = [counted for label, counted in half if label == category]
            counts = {feature: sum(feature in each for each in seen) for feature in set(chain(*seen))}
            both.add(category, counts, len(seen))
    assert both.suggest(COUNTED[0][1]) == experience.suggest(COUNTED[0][1])


def test_before_enough_was_learnt_nothing_is_suggested() -> None:
    young = Experience()
    for category, counted in COUNTED[: LEAST_LESSONS - 1]:
        young.learn(category, counted)
    assert young.suggest(COUNTED[0][1]) is None


@pytest.mark.parametrize("text", ["", "1234 !? \u200b", " "])
def test_of_a_mail_without_words_nothing_is_suggested(experience: Experience, text: str) -> None:
    assert experience.suggest(features(text, text)) is None


def test_with_one_label_there_is_nothing_to_choose() -> None:
    alone = Experience()
    for _, counted in COUNTED:
        alone.learn("technical", counted)
    assert alone.suggest(COUNTED[0][1]) is None


@pytest.mark.parametrize("text", ["\ud800" * 9000, "a" * 100_000, "가나다" * 9000, "한" * 50, "ſß" * 500])
def test_any_text_is_a_bounded_number_of_features(text: str) -> None:
    counted = features(text, text)
    assert len(counted) <= MOST_FEATURES
    assert all(0 <= each < BUCKETS for each in counted)
    assert len(set(counted)) == len(counted)
