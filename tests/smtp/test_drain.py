"""SIGTERM: nobody new, the idle are sent away, what runs may finish."""

import asyncio

import pytest
from smtp.house import MAIL, House, Opening


async def test_an_idle_client_is_told_to_come_again(house: House) -> None:
    client = await house.client()
    draining = asyncio.create_task(house.door.drain())
    assert (await client.reply()).startswith("421 4.3.2")
    assert await client.is_closed()
    await draining


async def test_a_mail_that_is_under_way_is_finished_first(house: House) -> None:
    client = await house.client()
    await client.envelope()
    draining = asyncio.create_task(house.door.drain())
    assert (await client.data(MAIL)).startswith("250 ")
    assert (await client.reply()).startswith("421 4.3.2")
    await draining
    assert len(await house.kept()) == 1


async def test_nobody_waits_for_a_client_that_does_not_finish(open_house: Opening) -> None:
    house = await open_house(drain="1s")
    client = await house.client()
    await client.envelope()
    await asyncio.wait_for(house.door.drain(), 30)
    assert (await client.reply()).startswith("421 4.3.2")


async def test_a_drained_door_is_shut(house: House) -> None:
    port = house.port
    await house.door.drain()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
