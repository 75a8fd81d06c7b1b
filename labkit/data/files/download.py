"""Download one file so that a broken line costs nothing: what has arrived is kept as NAME.part, and goes on."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from labkit.data.files.archive import demand_space
from labkit.errors import LabError

CHUNK = 1 << 16
HINTS = {
    403: "it may want an account: look at the set's homepage",
    404: "it has moved or is gone: look at the set's homepage",
    416: "what is here already is no part of it: delete the .part file",
}
MAX_UNANNOUNCED = 20_000_000_000  # bytes taken from a server that does not say how many there are


class InterruptedTransferError(LabError):
    """The transfer broke off; what has arrived is kept and the next attempt goes on from there."""


def download(
    urls: Sequence[str], target: Path, size: int | None = None, *, timeout: float = 30.0, attempts: int = 5
) -> Path:
    """Load the file at the first of the mirrors `urls` that gives it, into `target`.part; returns that path.

    The caller verifies the part and renames it. size: the bytes it must have, where they are known. A transfer that
    breaks off is taken up again, up to `attempts` times as long as each brings something.
    Raises LabError where no mirror gives the file, in a sentence about the last one.
    """
    part = target.with_name(target.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    for number, url in enumerate(urls, start=1):
        try:
            _persist(url, part, size, timeout, attempts)
            return part
        except LabError:
            if number == len(urls):
                raise
    raise LabError(f"{target.name}: there is no address to load it from.")


def digest(path: Path, algorithm: str = "sha256") -> str:
    """The checksum of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _persist(url: str, part: Path, size: int | None, timeout: float, attempts: int) -> None:
    for attempt in range(1, attempts + 1):
        before = _length(part)
        try:
            return _transfer(url, part, size, timeout)
        except InterruptedTransferError:
            if attempt == attempts or _length(part) <= before:
                raise


def _transfer(url: str, part: Path, size: int | None, timeout: float) -> None:
    have = _length(part)
    if size is not None and have >= size:
        if have == size:
            return
        part.unlink()  # longer than the file: it belongs to something else
        have = 0
    response = _open(url, have, timeout)
    if response is None:
        return
    with response:
        if response.status != 206:
            have = 0  # this server sends the whole file, whatever was asked for
        announced = _announced(response, have)
        _demand_right_file(url, response, announced, size)
        demand_space(part.parent, (size or announced or have) - have, f"loading {part.name.removesuffix('.part')}")
        _receive(url, response, part, have, announced, size)


def _open(url: str, have: int, timeout: float) -> http.client.HTTPResponse | None:
    """The answer to a request for all after the first `have` bytes; None where there is nothing after them."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise LabError(f"{url}: is no http or https address; mend it in the catalogue.")
    headers = {"User-Agent": "labkit", "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and (error.headers.get("Content-Range") or "").endswith(f"/{have}"):
            return None
        hint = HINTS.get(error.code, "try again later")
        raise LabError(f"{url}: the server answers {error.code} ({error.reason}); {hint}.") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise InterruptedTransferError(
            f"{urlsplit(url).hostname} cannot be reached ({reason}); check the network and give the same command again."
        ) from None


def _announced(response: http.client.HTTPResponse, have: int) -> int | None:
    """The size of the whole file as the server tells it, or None."""
    if response.status == 206:
        start, _, total = (response.headers.get("Content-Range") or "").removeprefix("bytes ").partition("/")
        if start.split("-")[0] != str(have):
            raise LabError(f"{response.url}: the server does not go on where it was asked to; delete the .part file.")
        return int(total) if total.isdigit() else None
    length = response.headers.get("Content-Length") or ""
    return int(length) if length.isdigit() else None


def _demand_right_file(url: str, response: http.client.HTTPResponse, announced: int | None, size: int | None) -> None:
    if "text/html" in (response.headers.get("Content-Type") or ""):
        raise LabError(f"{url}: gives a web page instead of the file; it has moved or wants an account.")
    if size is not None and announced is not None and announced != size:
        raise LabError(
            f"{url}: offers {announced:,} bytes where the catalogue says {size:,}: another file, so it was not loaded;"
            " look at the set's homepage."
        )


def _receive(url: str, response, part: Path, have: int, announced: int | None, size: int | None) -> None:
    from tqdm.auto import tqdm

    total = size or announced
    bar = tqdm(
        desc=part.name.removesuffix(".part"),
        total=total,
        initial=have,
        unit="B",
        unit_scale=True,
        disable=bool(os.environ.get("LABKIT_PROGRESS")),
    )
    with bar, part.open("ab" if have else "wb") as file:
        while True:
            try:
                chunk = response.read1(CHUNK)
            except (http.client.HTTPException, OSError, ValueError) as error:
                raise _broken_off(part, have, total, str(error) or type(error).__name__) from None
            if not chunk:
                break
            if have == 0 and chunk.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
                raise LabError(f"{url}: gives a web page instead of the file; it has moved or wants an account.")
            have += len(chunk)
            if have > (total or MAX_UNANNOUNCED):
                raise LabError(f"{url}: sends more than {total or MAX_UNANNOUNCED:,} bytes; try again later.")
            try:
                file.write(chunk)
                file.flush()
            except OSError as error:
                raise LabError(
                    f"{part}: cannot be written ({error.strerror}); make room, and the same command goes on from there."
                ) from None
            bar.update(len(chunk))
    if total is not None and have < total:
        raise _broken_off(part, have, total, "the server closed the line")


def _broken_off(part: Path, have: int, total: int | None, reason: str) -> InterruptedTransferError:
    of = f" of {total:,}" if total else ""
    return InterruptedTransferError(
        f"{part.name.removesuffix('.part')}: the transfer broke off after {have:,}{of} bytes ({reason});"
        f" they are kept in {part}, and the same command goes on from there."
    )


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
