"""Settings of the process, out of the environment (`ARI_APP_…`). Who is reached and how is in the file."""

from pathlib import Path
from typing import Literal

from pydantic import Field, RedisDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ProcessSettings(BaseSettings):
    """Addresses, secrets and limits of one controller. Times in seconds.

    Raises:
        pydantic.ValidationError: a variable is missing or wrong; it never shows a secret.
    """

    model_config = SettingsConfigDict(env_prefix="ARI_APP_", hide_input_in_errors=True, frozen=True)

    ari_url: str = Field("http://127.0.0.1:8088", pattern=r"^https?://[^/?#]+(/[^?#]*)?$")
    ari_user: str = Field("callcontrol", min_length=1)
    ari_password: SecretStr
    stasis_app: str = Field("callcontrol", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    redis_url: RedisDsn = RedisDsn("redis://127.0.0.1:6379/0")
    redis_prefix: str = Field("cc", pattern=r"^[A-Za-z0-9_.-]{1,32}$")
    api_host: str = Field("127.0.0.1", min_length=1)
    api_port: int = Field(8080, ge=0, le=65_535)
    config: Path = Path("/etc/ari_app/callcentre.yaml")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    token_lifetime: float = Field(12 * 3600.0, ge=60, le=30 * 86_400)
