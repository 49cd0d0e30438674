"""`[prices]` and `[budget]`: the owner's own over the list, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.costs import Cost, price_of
from app.domain.price_list import PRICES
from app.domain.recipients import Channel
from app.errors import ConfigError
from app.policy import Policy, load_policy, policy_lines


def read(folder: Path, text: str) -> Policy:
    return load_policy(written(folder, text))


def written(folder: Path, text: str) -> Path:
    file = folder / "bellhop.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refused(folder: Path, text: str) -> dict[str, str]:
    file = written(folder, text)
    with pytest.raises(ConfigError) as caught:
        load_policy(file)
    return {p.field.removeprefix(f"{file}: "): p.message for p in caught.value.problems}


def sms_price(policy: Policy, provider: str, country: str) -> Cost | None:
    return price_of(
        policy.prices, provider=provider, channel=Channel.SMS, country=country
    )


def test_without_a_file_our_list_counts_and_no_budget(tmp_path: Path) -> None:
    policy = load_policy(tmp_path / "none")

    assert policy.prices == PRICES
    assert policy.budget.limits() == {}


def test_an_own_price_counts_for_its_country_and_the_rest_stays(
    tmp_path: Path,
) -> None:
    policy = read(tmp_path, '[prices.twilio.sms]\nES = "0.0746 EUR"\n')

    assert sms_price(policy, "twilio", "ES") == Cost(74_600, "EUR")
    assert sms_price(policy, "twilio", "US") == PRICES["twilio"][Channel.SMS]["US"]
    assert sms_price(policy, "vonage", "ES") == sms_price(
        load_policy(tmp_path / "none"), "vonage", "ES"
    )


def test_a_provider_without_prices_may_be_given_some(tmp_path: Path) -> None:
    policy = read(tmp_path, '[prices.resend.email]\nother = "0.0004 USD"\n')

    assert policy.prices["resend"][Channel.EMAIL] == {"other": Cost(400, "USD")}


def test_a_budget_adds_up_what_is_billed_in_other_currencies(tmp_path: Path) -> None:
    text = '[budget]\ndaily = "20 EUR"\n[budget.exchange]\nUSD = 0.5\n'

    budget = read(tmp_path, text).budget

    assert budget.daily == Cost(20_000_000, "EUR")
    assert budget.in_own({"EUR": 1_000_000, "USD": 2_000_000}) == 2_000_000
    assert budget.exchange["GBP"] > 1  # a rough rate of ours


def test_a_limit_can_be_taken_away(tmp_path: Path) -> None:
    assert read(tmp_path, '[budget]\ndaily = "0"\n').budget.limits() == {}


def test_every_mistake_is_told_with_an_example(tmp_path: Path) -> None:
    told = refused(
        tmp_path,
        """
        [prices.twillio.sms]
        ES = "0.1 EUR"
        [prices.twilio.sms]
        Spain = "0.1 EUR"
        ES = "0.1"
        [budget]
        daily = "much"
        soft = 2.0
        """,
    )

    assert told["prices.twillio"] == (
        "there is no such provider; the nearest is twilio"
    )
    assert "write two letters (ES)" in told["prices.twilio.sms.Spain"]
    assert told["prices.twilio.sms.ES"].startswith("is no price; write an amount")
    assert told["budget.daily"].startswith("is no limit; write 20 EUR")
    assert told["budget.soft"].startswith("must be at most 1")
    assert len(told) == 5


def test_both_limits_are_in_one_currency(tmp_path: Path) -> None:
    text = '[budget]\ndaily = "20 EUR"\nmonthly = "300 USD"\n'

    assert refused(tmp_path, text) == {
        "budget.monthly": "must be in the same currency as daily (EUR)"
    }


def test_a_currency_that_nobody_can_exchange_is_asked_for(tmp_path: Path) -> None:
    told = refused(tmp_path, '[budget]\ndaily = "20000 NGN"\n')

    assert "what is one USD worth in NGN?" in told["budget.exchange"]
    rates = "[budget.exchange]\nUSD = 1500.0\nEUR = 1700.0\n"
    assert read(tmp_path, f'[budget]\ndaily = "20000 NGN"\n{rates}').budget.daily


def test_config_tells_which_prices_are_the_owner_s(tmp_path: Path) -> None:
    file = written(tmp_path, '[prices.twilio.sms]\nES = "0.0746 EUR"\n')

    lines = {line.name: line for line in policy_lines(file)}

    assert lines["prices.twilio.sms.ES"].value == "0.0746 EUR"
    assert lines["prices.twilio.sms.ES"].is_given
    assert not lines["prices.twilio.sms.US"].is_given
