"""The folders of one instance: where they are, who may enter, and whether sockets fit."""

import os
import stat
from pathlib import Path

import pytest

from voicectl.config import paths
from voicectl.protocol.addresses import MAX_IPC_PATH_BYTES
from voicectl.protocol.errors import ConfigError, SupervisorError


def test_the_runtime_folder_is_the_first_that_is_named() -> None:
    """VOICECTL_RUNTIME_DIR, then the session's folder, then one of the user's own."""
    environ = {"VOICECTL_RUNTIME_DIR": "/a/b", "XDG_RUNTIME_DIR": "/run/user/7", "TMPDIR": "/t"}
    assert paths.runtime_dir(environ) == Path("/a/b")
    del environ["VOICECTL_RUNTIME_DIR"]
    assert paths.runtime_dir(environ) == Path("/run/user/7/voicectl")
    environ["XDG_RUNTIME_DIR"] = "relative"
    assert paths.runtime_dir(environ) == Path(f"/t/voicectl-{os.getuid()}")


def test_a_relative_folder_is_relative_to_where_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon leaves the folder that the command was typed in."""
    monkeypatch.chdir(tmp_path)
    assert paths.runtime_dir({"VOICECTL_RUNTIME_DIR": "r"}) == tmp_path / "r"
    assert paths.state_dir({"VOICECTL_STATE_DIR": "s"}) == tmp_path / "s"


def test_logs_spool_and_journal_are_kept_with_the_state() -> None:
    """VOICECTL_STATE_DIR moves them all."""
    environ = {"VOICECTL_STATE_DIR": "/s"}
    assert {paths.log_dir(environ).parent, paths.spool_dir(environ).parent} == {Path("/s")}
    assert paths.journal_path(environ).parent == Path("/s")
    assert paths.state_dir({"XDG_STATE_HOME": "/x"}) == Path("/x/voicectl")


def test_the_users_file_follows_the_xdg_specification() -> None:
    """A relative XDG_CONFIG_HOME is ignored."""
    assert paths.user_config_path({"XDG_CONFIG_HOME": "/c"}) == Path("/c/voicectl/config.toml")
    environ = {"XDG_CONFIG_HOME": "c", "HOME": "/home/u"}
    assert paths.user_config_path(environ) == Path("/home/u/.config/voicectl/config.toml")


def test_asking_for_a_folder_creates_nothing(tmp_path: Path) -> None:
    """Only the ensure functions do."""
    environ = {"VOICECTL_RUNTIME_DIR": str(tmp_path / "r"), "VOICECTL_STATE_DIR": str(tmp_path / "s")}
    paths.runtime_dir(environ)
    paths.log_dir(environ)
    assert list(tmp_path.iterdir()) == []


def test_a_new_runtime_folder_is_for_its_user_only(tmp_path: Path) -> None:
    """Mode 0700, and a second call is content with it."""
    environ = {"VOICECTL_RUNTIME_DIR": str(tmp_path / "deep" / "r")}
    path = paths.ensure_runtime_dir(environ)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert paths.ensure_runtime_dir(environ) == path


def test_an_open_folder_is_closed_while_it_is_empty_and_refused_else(tmp_path: Path) -> None:
    """VOICECTL_RUNTIME_DIR=/tmp must not lock everybody out of /tmp."""
    path = tmp_path / "r"
    path.mkdir(mode=0o755)
    paths.ensure_runtime_dir({"VOICECTL_RUNTIME_DIR": str(path)})
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    path.chmod(0o755)
    (path / "mine.txt").touch()
    with pytest.raises(SupervisorError, match="is open to other users; run 'chmod 700"):
        paths.ensure_runtime_dir({"VOICECTL_RUNTIME_DIR": str(path)})
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Neither it nor a link to it can be trusted."""
    path, link = tmp_path / "r", tmp_path / "link"
    path.mkdir(mode=0o700)
    os.chown(path, 12345, -1)
    link.symlink_to(path)
    for each in (path, link):
        with pytest.raises(SupervisorError, match="belongs to another user; set VOICECTL_RUNTIME_DIR"):
            paths.ensure_runtime_dir({"VOICECTL_RUNTIME_DIR": str(each)})


def test_a_path_too_long_for_sockets_is_refused(tmp_path: Path) -> None:
    """The limit is 107 bytes with the longest name of a socket, not characters."""
    room = MAX_IPC_PATH_BYTES - len(paths.LONGEST_SOCKET_NAME) - 1
    assert len("translator.1234.control.ipc") <= len(paths.LONGEST_SOCKET_NAME)
    paths.check_socket_room(Path("/" + "x" * (room - 1)))
    with pytest.raises(ConfigError, match="is 1 bytes too long for socket paths; set VOICECTL_RUNTIME_DIR"):
        paths.check_socket_room(Path("/" + "x" * room))
    with pytest.raises(ConfigError, match="too long"):
        paths.check_socket_room(Path("/" + "声" * (room // 2)))
    with pytest.raises(ConfigError, match="too long"):
        paths.ensure_runtime_dir({"VOICECTL_RUNTIME_DIR": str(tmp_path / ("x" * 100))})


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "file").touch()
    with pytest.raises(SupervisorError, match="set VOICECTL_RUNTIME_DIR"):
        paths.ensure_runtime_dir({"VOICECTL_RUNTIME_DIR": str(tmp_path / "file")})
    with pytest.raises(SupervisorError, match="set VOICECTL_STATE_DIR"):
        paths.ensure_dir(tmp_path / "file" / "log")
