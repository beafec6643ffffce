"""A mail through the door, from the greeting to the store."""

from smtp.house import MAIL, House


async def test_a_mail_is_kept_before_it_is_acknowledged(house: House) -> None:
    client = await house.client()
    assert await client.mails() == "250 2.0.0 Kept as 1"
    (received,) = await house.kept()
    assert (received.reverse_path, received.recipients) == ("alice@example.org", ["support@example.com"])
    assert (await house.contents())[0].endswith(MAIL)
