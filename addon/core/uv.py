"""uv, which makes the worker's environment: finds it, or fetches its official release once, checked."""

import hashlib
import shutil
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

from . import places
from .systems import program_name, uv_places, uv_target

VERSION = "0.11.12"
_RELEASES = "https://github.com/astral-sh/uv/releases/download"
_SHA256 = {  # of uv-TARGET.tar.gz, and .zip for Windows
    "x86_64-unknown-linux-musl": "591a7557f5ba7e51565f338dd4c50cebc12820ec2ebb8403a4304685f8d53ab9",
    "aarch64-unknown-linux-musl": "b70e87f15f12d750d218042c4ed36e41de0757eab249d332ee2e242e4174b5d5",
    "x86_64-apple-darwin": "32fb217e6181384bf6534b31adcc66cd552eff98643c4bb35832be8552486912",
    "aarch64-apple-darwin": "bb7c6ef869ec00cd1452f4884acf23d00b153c356ba9197ae99a1bc1ceadb7f3",
    "x86_64-pc-windows-msvc": "e46956a6b088a0382101c797eef945c1b03826e629e968d434cf838d42d85b6b",
    "aarch64-pc-windows-msvc": "393de1abc2f663cb9dd24405c7a7b31119e2a734609a233d9b89415821f39bf9",
}
ABOUT_BYTES = 25e6
_CHUNK = 1 << 18


class UvError(Exception):
    """uv cannot be had; the text is a sentence for the user."""


def folder() -> Path:
    """Where ours lies, with its cache and the Pythons that it fetches, so that removing takes all of it."""
    return places.worker_folder() / "uv"


def find() -> Path | None:
    """uv on PATH, where its installers put it, or fetched before."""
    found = shutil.which("uv")
    for path in (*([Path(found)] if found else ()), *uv_places(), fetched()):
        if path.is_file():
            return path
    return None


def fetched() -> Path:
    return folder() / program_name("uv")


def address(target: str) -> str:
    return f"{_RELEASES}/{VERSION}/uv-{target}.{'zip' if 'windows' in target else 'tar.gz'}"


def fetch(
    counted: Callable[[float, float], None],
    stopping: Callable[[], bool],
    url: str | None = None,
    sha256: str | None = None,
) -> Path:
    """Downloads uv's release for this machine, checks it and unpacks the program. Raises UvError.

    counted: called with the bytes that came and all of them. stopping: whether to give up. url, sha256: of another
    archive.
    """
    target = uv_target()
    if target not in _SHA256:
        raise UvError(f"There is no uv for this machine ({sys.platform}); install uv, then set up again.")
    url, sha256 = url or address(target), sha256 or _SHA256[target]
    folder().mkdir(parents=True, exist_ok=True)
    archive = folder() / url.rpartition("/")[2]
    try:
        found = _download(url, archive, counted, stopping)
        if found != sha256:
            raise UvError(f"uv arrived with the SHA-256 {found}; {sha256} was expected. Try again, or install uv.")
        return _unpack(archive)
    except (OSError, ValueError) as error:
        host = url.partition("//")[2].partition("/")[0]
        raise UvError(f"uv cannot be fetched from {host}: {getattr(error, 'reason', None) or error}.") from None
    finally:
        archive.unlink(missing_ok=True)


def _download(url: str, archive: Path, counted, stopping) -> str:
    digest, came = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=30) as answer, archive.open("wb") as file:
        total = float(answer.headers.get("Content-Length") or ABOUT_BYTES)
        while chunk := answer.read(_CHUNK):
            if stopping():
                raise UvError("The set-up was cancelled.")
            file.write(chunk)
            digest.update(chunk)
            came += len(chunk)
            counted(came, total)
    return digest.hexdigest()


def _unpack(archive: Path) -> Path:
    """The program alone out of the archive; nothing else is written, wherever the archive would have it."""
    name, out = program_name("uv"), fetched()
    temporary = out.with_suffix(".tmp")
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as box:
            inside = next((entry for entry in box.namelist() if entry.rpartition("/")[2] == name), None)
            content = None if inside is None else box.open(inside)
            _write(content, temporary, archive)
    else:
        with tarfile.open(archive) as box:
            inside = next((m for m in box if m.isfile() and m.name.rpartition("/")[2] == name), None)
            _write(None if inside is None else box.extractfile(inside), temporary, archive)
    temporary.chmod(0o755)
    temporary.replace(out)
    return out


def _write(content, out: Path, archive: Path) -> None:
    if content is None:
        raise UvError(f"{archive.name} holds no {program_name('uv')}.")
    with content, out.open("wb") as file:
        shutil.copyfileobj(content, file)
