"""The key of all reply addresses: made once, and never an empty one, which everybody would know."""

from pathlib import Path

import pytest

from gateway.config import Config, ConfigError
from gateway.foundation import build_capabilities, read_secret


def test_it_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    secret = read_secret(tmp_path / "var")
    assert len(secret) == 32
    assert read_secret(tmp_path / "var") == secret
    assert [(each.name, each.stat().st_mode & 0o777) for each in (tmp_path / "var").iterdir()] == [("secret", 0o600)]


@pytest.mark.parametrize("found", [b"", b"\0" * 64, b"ab" * 16, b"ab" * 31 + b"a", b"\xff\xfe"])
def test_what_a_power_cut_left_of_it_is_not_used(tmp_path: Path, found: bytes) -> None:
    (tmp_path / "secret").write_bytes(found)
    with pytest.raises(ConfigError, match=r"site\.data: the file `secret` in it is damaged"):
        build_capabilities(Config.model_validate({"site": {"data": tmp_path}}))
