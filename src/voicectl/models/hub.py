"""What the Hugging Face hub says about a model: its files, their sizes and hashes, its licence.

The hub's HTTP interface as its public documentation describes it: ``/api/models/ID/revision/REVISION`` lists the files,
``/ID/resolve/COMMIT/NAME`` is one file, usually behind a redirect to another host. The first answer carries
``X-Linked-Etag`` and ``X-Linked-Size`` for files kept elsewhere; the ETag is the SHA-256 of such a file, and the hash
that git gives a blob for one that is in the repository itself.
"""

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from email.message import Message
from typing import IO, Any, NamedTuple
from urllib.parse import quote, urlsplit

from voicectl.protocol.errors import BackendUnavailable

_PUBLIC = "https://huggingface.co"
_TIMEOUT_S = 30.0
_REDIRECTS = range(300, 400)
_ABSENT = frozenset({401, 403, 404})
_TAG = re.compile(r"[\w.-]{8,128}")


class Listing(NamedTuple):
    """One revision of a model: its commit, the names of its files, its licence (empty if the hub names none)."""

    commit: str
    names: tuple[str, ...]
    licence: str


class RemoteFile(NamedTuple):
    """One file on the hub: where it is, its size in bytes and its ETag without quotes."""

    name: str
    url: str
    bytes: int
    etag: str


def endpoint() -> str:
    """Return the address of the hub: ``HF_ENDPOINT``, else the public one."""
    return (os.environ.get("HF_ENDPOINT") or _PUBLIC).rstrip("/")


def listing(hub_id: str, revision: str) -> Listing:
    """Return the files of a model's revision (a branch, a tag or a commit).

    Raises:
        BackendUnavailable: the hub cannot be reached, has no such model or answers something else.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        raise BackendUnavailable(f"cannot pull {hub_id}: HF_HUB_OFFLINE is set; unset it to download")
    url = f"{endpoint()}/api/models/{quote(hub_id)}/revision/{quote(revision, safe='')}"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
            told = json.load(answer)
        names = tuple(str(each["rfilename"]) for each in told["siblings"])
        commit = str(told["sha"])
    except urllib.error.HTTPError as exc:
        raise refused(exc, hub_id) from exc
    except (OSError, http.client.HTTPException) as exc:
        raise unreachable(exc) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise BackendUnavailable(f"{endpoint()} does not answer like the hub; check HF_ENDPOINT") from exc
    if not _TAG.fullmatch(commit):
        raise BackendUnavailable(f"{endpoint()} does not answer like the hub; check HF_ENDPOINT")
    return Listing(commit, names, _licence(told.get("tags")))


def describe(hub_id: str, commit: str, name: str) -> RemoteFile:
    """Return the size and the hash of one file; nothing is downloaded.

    Raises:
        BackendUnavailable: the hub cannot be reached, or does not say.
    """
    url = f"{endpoint()}/{quote(hub_id)}/resolve/{quote(commit)}/{quote(name)}"
    try:
        status, headers = _head(url, _OWN_HOST_ONLY)
        if status in _REDIRECTS and not {"x-linked-etag", "x-linked-size"} <= {key.lower() for key in headers}:
            status, headers = _head(url, _ANY_HOST)
    except urllib.error.HTTPError as exc:
        raise refused(exc, f"{hub_id}/{name}") from exc
    except (OSError, http.client.HTTPException) as exc:
        raise unreachable(exc) from exc
    etag = (headers.get("X-Linked-Etag") or headers.get("ETag") or "").removeprefix("W/").strip('"')
    size = headers.get("X-Linked-Size") or headers.get("Content-Length") or ""
    if not _TAG.fullmatch(etag) or not size.isdecimal():
        raise BackendUnavailable(f"{endpoint()} gives no ETag or size for {name}; check HF_ENDPOINT")
    return RemoteFile(name, url, int(size), etag)


def stream(url: str, begin: int) -> Any:
    """Open a file from byte ``begin`` on and return the response; redirects are followed.

    A server that knows no ranges answers 200 and sends the file from its first byte.

    Raises:
        OSError: the server cannot be reached (``urllib.error.HTTPError``: it refuses).
    """
    headers = {"Range": f"bytes={begin}-"} if begin else {}
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S)


def unreachable(exc: Exception) -> BackendUnavailable:
    """Return the error for a hub that cannot be reached."""
    reason = exc.reason if isinstance(exc, urllib.error.URLError) else exc
    why = (reason.strerror if isinstance(reason, OSError) else "") or str(reason) or type(reason).__name__
    return BackendUnavailable(
        f"cannot reach the hub at {endpoint()} ({why}); connect to a network, or set HF_ENDPOINT to a mirror"
    )


def refused(exc: urllib.error.HTTPError, what: str) -> BackendUnavailable:
    """Return the error for a hub that answers, but not with what was asked for."""
    exc.close()
    if exc.code in _ABSENT:
        return BackendUnavailable(
            f"{endpoint()} has no public {what} (status {exc.code}); check the name, or accept its terms there and use "
            "hf download"
        )
    return BackendUnavailable(f"{endpoint()} answers {exc.code} for {what}; try again later")


class _OwnHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect on the hub itself (a renamed model), not one to where the file is kept."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        """Return the request to go on with, None to end with the redirect itself."""
        if urlsplit(headers.get("Location", "")).netloc:
            return None
        return urllib.request.Request(newurl, method="HEAD")


_OWN_HOST_ONLY = urllib.request.build_opener(_OwnHost)
_ANY_HOST = urllib.request.build_opener()


def _head(url: str, opener: urllib.request.OpenerDirector) -> tuple[int, Message]:
    """Return the status and the headers of one file."""
    try:
        with opener.open(urllib.request.Request(url, method="HEAD"), timeout=_TIMEOUT_S) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as exc:
        if exc.code not in _REDIRECTS:
            raise
        exc.close()
        return exc.code, exc.headers


def _licence(tags: Any) -> str:
    """Return the licence among the tags of a model, such as ``license:mit``."""
    named = [tag for tag in tags or () if isinstance(tag, str) and tag.startswith("license:")]
    return named[0].removeprefix("license:") if named else ""
