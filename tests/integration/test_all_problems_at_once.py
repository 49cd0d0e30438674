"""What is wrong in the policy file and in the channels' settings is told in one go."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import ConfigError
from tests.house import make_runtime


def test_mistakes_of_policy_and_channels_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "bellhop.toml").write_text('[queues.sms]\nrate_limit = "ten"\n')

    with pytest.raises(ConfigError) as caught:
        make_runtime(tmp_path, TWILIO_SMS_FROM="+14155550199")

    told = str(caught.value)
    assert "queues.sms.rate_limit" in told
    assert "TWILIO_ACCOUNT_SID" in told
