"""What agents taught is suggested: on the page of a request with one press to accept it, and to programs."""

import tomllib
from pathlib import Path

from agents_house import AgentsHouse

MAILS = tomllib.loads((Path(__file__).parent.parent / "desk" / "mails_by_category.toml").read_text())


async def learns(house: AgentsHouse) -> None:
    for category, mails in MAILS.items():
        for subject, text in mails[:6]:
            request = await house.writes(text, subject)
            await house.acts.categorise(request.number, "minji", category)


async def test_a_likely_other_category_is_one_press_away(house: AgentsHouse) -> None:
    await learns(house)
    request = await house.writes("결제한 이용권의 수수료가 궁금합니다. 이용권 결제는 지난주였습니다.", "이용권 수수료")
    await house.acts.categorise(request.number, "minji", "technical")
    program, browser = await house.program("lee"), await house.browser("kim")
    found = (await program.gets(f"/api/v1/requests/{request.number}/suggestion")).json
    assert found["category"]["label"] == "policy"
    assert found["category"]["confidence"] > 0.5
    page = (await browser.gets(f"/requests/{request.number}")).text
    assert f"Suggested: Policy ({round(100 * found['category']['confidence'])} %)" in page
    await browser.sends_form(f"/requests/{request.number}/categorise", category="policy")
    assert (await house.request(request.number)).category == "policy"
    assert "Suggested:" not in (await browser.gets(f"/requests/{request.number}")).text


async def test_before_anything_was_taught_nothing_is_suggested(house: AgentsHouse) -> None:
    request = await house.writes()
    program, browser = await house.program("lee"), await house.browser("kim")
    answer = await program.gets(f"/api/v1/requests/{request.number}/suggestion")
    assert (answer.status, answer.json) == (200, {"category": None, "queue": None})
    assert "Suggested:" not in (await browser.gets(f"/requests/{request.number}")).text
