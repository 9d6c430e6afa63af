"""The system account that PostgreSQL runs as when we are root, and what that account can reach."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "pgserver"


class NoAccount(Exception):
    """PostgreSQL refuses to run as root and no other account could be had."""


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int

    @property
    def ids(self) -> tuple[int, int]:
        return self.uid, self.gid


def server_account(data: Path) -> Account | None:
    """Who runs the server: None is whoever runs us; as root the data folder's owner or `pgserver`.

    Raises NoAccount when the data belongs to somebody else, or the system user can't be made.
    """
    owner = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise NoAccount(f"{data} belongs to another user (id {owner.st_uid}): run as that user, or as root")
        return None
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    return _system_account()


def _system_account() -> Account:
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if useradd is None:
            raise NoAccount(
                f"PostgreSQL doesn't run as root: add a system user {SYSTEM_USER!r}, or run as another user"
            ) from None
        options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        done = subprocess.run([useradd, *options, SYSTEM_USER], capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
        try:
            entry = pwd.getpwnam(SYSTEM_USER)  # another process may have made it meanwhile
        except KeyError:
            raise NoAccount(f"could not add the system user {SYSTEM_USER!r}: {done.stderr.strip()}") from None
    return Account(entry.pw_uid, entry.pw_gid)


def can_pass(folder: Path, account: Account) -> bool:
    """Whether the account may walk through the folder and all folders above it."""
    return all(_may_enter(each.stat(), account) for each in (folder, *folder.parents))


def _may_enter(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
