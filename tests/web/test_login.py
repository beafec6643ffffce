"""Who is let in at the agents' window, and who is not: over real sockets, on both databases."""


from agents_house import PASSWORD, AgentsHouse

from gateway.models import History, Login


async def test_an_agent_logs_in_looks_and_logs_out(both: AgentsHouse) -> None:
    await both.employs("minji")
    browser = await both.browser()
    assert (await browser.gets("/password")).headers["location"] == "/login?next=%2Fpassword"
    entered = await browser.logs_in("Minji ")
    assert (entered.status, entered.headers["location"]) == (303, "/")
    assert (await browser.gets("/password")).status == 200
    left = await browser.sends_form("/logout")
    assert left.headers["location"] == "/login"
    assert (await browser.gets("/password")).status == 303
    assert await both.database.read(lambda db: db.query(Login).count()) == 0


async def test_a_wrong_password_and_a_wrong_name_get_the_same_page(house: AgentsHouse) -> None:
    await house.employs("minji")
    browser = await house.browser()
    answers = [await browser.logs_in("minji", "wrong password"), await browser.logs_in("nobody-here", PASSWORD)]
    assert [each.status for each in answers] == [401, 401]
    assert "set-cookie" not in answers[0].headers
    assert answers[0].text.replace("minji", "") == answers[1].text.replace("nobody-here", "")
    audit = [(each.handler, each.decision) for each in await house.all(History) if each.event == "login"]
    assert audit == [("minji", "refused"), ("nobody", "refused")]


async def test_whoever_has_to_log_in_again_goes_on_where_they_were(house: AgentsHouse) -> None:
    await house.employs("minji")
    request, browser = await house.writes(), await house.browser()
    page = f"/requests/{request.number}"
    login = f"/login?next={page.replace('/', '%2F')}"
    assert (await browser.sends_form(f"{page}/say", kind="answer", text="Hello")).headers["location"] == login
    assert (await browser.sends_form("/next")).headers["location"] == "/login"
    at = {"HX_Request": "true", "HX_Current_URL": f"http://desk.example.com{page}/say#write"}
    part = await browser.gets(page, **at)
    assert (part.status, part.headers["hx-redirect"]) == (401, f"{login}%2Fsay")
    elsewhere = await browser.gets(page, **at | {"HX_Current_URL": "http://[//evil.example/"})
    assert elsewhere.headers["hx-redirect"] == "/login"
    await browser.logs_in("minji")
    for act in ("say", "claim", "verify"):  # there is no such page: the request's own
        answer = await browser.gets(f"{page}/{act}")
        assert (answer.status, answer.headers["location"]) == (303, page)
    assert (await browser.gets(f"{page}/nothing")).status == 404


async def test_an_agent_finds_where_the_password_is_changed(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    assert 'href="/password"' in (await browser.gets("/")).text
