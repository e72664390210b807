"""What `ari-app doctor` may find. Codes are stable: scripts are written against them (docs/operations.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_SHOWN = 5


class Code(StrEnum):
    """What is wrong."""

    SETTING_WRONG = "setting_wrong"
    CONFIGURATION_INVALID = "configuration_invalid"
    ASTERISK_FILE_INVALID = "asterisk_file_invalid"
    DIALPLAN_UNSEEN = "dialplan_unseen"
    RELOAD_DUE = "reload_due"
    CONFIGURATION_NOT_LIVE = "configuration_not_live"
    LAST_GOOD_RUNS = "last_good_runs"
    FILE_WRITABLE = "file_writable"
    DEMO_PASSWORDS = "demo_passwords"
    CLEAR_PASSWORDS = "clear_passwords"
    DEMO_PHONE_SECRETS = "demo_phone_secrets"
    SHORT_PHONE_SECRETS = "short_phone_secrets"
    ARI_PASSWORD_WEAK = "ari_password_weak"  # noqa: S105
    REDIS_PASSWORD_WEAK = "redis_password_weak"  # noqa: S105
    CERTIFICATE_WRONG = "certificate_wrong"
    CERTIFICATE_ENDS = "certificate_ends"
    API_OPEN = "api_open"
    ARI_OPEN = "ari_open"
    REDIS_OPEN = "redis_open"
    HISTORY_OPEN = "history_open"
    CONTROLLER_UNREACHED = "controller_unreached"
    CONTROLLER_NOT_READY = "controller_not_ready"
    ASTERISK_REFUSES_CALLERS = "asterisk_refuses_callers"
    ASTERISK_DRAINED = "asterisk_drained"
    FEW_FILES = "few_files"
    FILES_USED_UP = "files_used_up"
    PACKAGES_DIFFER = "packages_differ"
    ASTERISK_UNREACHED = "asterisk_unreached"
    ARI_PASSWORD_WRONG = "ari_password_wrong"  # noqa: S105
    ASTERISK_VERSION = "asterisk_version"
    ASTERISK_NOT_EXAMINED = "asterisk_not_examined"
    MODULE_MISSING = "module_missing"
    PHONE_MISSING = "phone_missing"
    TRUNK_MISSING = "trunk_missing"
    MUSIC_MISSING = "music_missing"
    ENTRY_MISSING = "entry_missing"
    SOUND_MISSING = "sound_missing"
    SETTING_UNFIT = "setting_unfit"
    ARI_CONF_INCOMPLETE = "ari_conf_incomplete"
    APPLICATION_UNREGISTERED = "application_unregistered"
    APPLICATION_ELSEWHERE = "application_elsewhere"
    ASTERISK_CLOCK = "asterisk_clock"
    REDIS_UNREACHED = "redis_unreached"
    REDIS_PASSWORD_WRONG = "redis_password_wrong"  # noqa: S105
    REDIS_FORBIDS = "redis_forbids"
    REDIS_VERSION = "redis_version"
    REDIS_REPLICA = "redis_replica"
    REDIS_REFUSES_WRITES = "redis_refuses_writes"
    REDIS_EVICTS = "redis_evicts"
    REDIS_MEMORY = "redis_memory"
    REDIS_NOT_PERSISTENT = "redis_not_persistent"
    REDIS_DISK = "redis_disk"
    REDIS_SLOW = "redis_slow"
    REDIS_CLOCK = "redis_clock"
    HISTORY_UNREACHED = "history_unreached"
    HISTORY_VERSION = "history_version"
    HISTORY_READABLE = "history_readable"
    WEBHOOK_FAILING = "webhook_failing"
    WEBHOOK_DEAD_LETTERS = "webhook_dead_letters"
    RECORDINGS_UNSEEN = "recordings_unseen"
    RECORDINGS_FULL = "recordings_full"
    RECORDINGS_LOW = "recordings_low"
    VOICEMAIL_FULL = "voicemail_full"


class Level(StrEnum):
    """`error`: calls are not, or soon not, served as they should be, or strangers may come in. `warning`: all else."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` is wrong, in one sentence, and what to `do` about it."""

    code: Code
    level: Level
    what: str
    do: str


def error(code: Code, what: str, do: str) -> Finding:
    """A finding of that level."""
    return Finding(code, Level.ERROR, what, do)


def warning(code: Code, what: str, do: str) -> Finding:
    """A finding of that level."""
    return Finding(code, Level.WARNING, what, do)


def some(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
