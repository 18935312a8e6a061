"""Where a model's files are: a folder, a GGUF file, an adapter, or a copy of a hub id; and what identifies them."""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from demoscope.errors import BackendError
from simulator.backends.llama_cpp.settings import EMBEDDED
from simulator.backends.llama_cpp.weights import check, embedded
from simulator.backends.transformers.settings import TransformersSettings

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
WEIGHTS = ("*.safetensors", "*.bin", "*.gguf")
FETCHED = ["*.safetensors", "*.json", "*.model", "*.txt", "*.jinja"]
"""Files of a hub id that are fetched: weights that hold nothing but numbers, configuration and tokens. No code."""


@dataclass(frozen=True, slots=True)
class Place:
    """Files of one model on this machine."""

    folder: Path
    """Folder that holds them."""
    gguf: str | None = None
    """Name of the GGUF file in it, when it is one."""
    adapter: Path | None = None
    """Folder of an adapter that is put on it."""
    fetched: bool = False
    """Whether the network may have been asked for it."""


def find(settings: TransformersSettings) -> Place:
    """The files that the settings name.

    Raises
    ------
    BackendError
        If they are not here; says what to do.
    """
    adapter = Path(settings.adapter).expanduser() if settings.adapter else None
    if adapter is not None and not (adapter / "adapter_config.json").is_file():
        raise BackendError(
            f"{adapter}: no adapter is here (no adapter_config.json); `adapter` names a folder of peft."
        )
    path = Path(settings.path).expanduser()
    if settings.path == EMBEDDED:
        path = embedded()
    if path.is_file():
        check(path)
        return Place(path.parent, gguf=path.name)
    if path.is_dir():
        return _in_folder(path, adapter, settings)
    if HUB_ID.fullmatch(settings.path):
        return Place(_copy(settings.path, settings), adapter=adapter, fetched=settings.download)
    raise BackendError(
        f"{settings.path}: no such model. `path` is a folder with config.json, a GGUF file, `{EMBEDDED}`, or an id "
        "of the hub such as `Qwen/Qwen2.5-7B-Instruct`."
    )


def _in_folder(path: Path, adapter: Path | None, settings: TransformersSettings) -> Place:
    """A folder that holds a model, or an adapter that names its model."""
    if (path / "config.json").is_file():
        return Place(path, adapter=adapter)
    about = path / "adapter_config.json"
    if about.is_file() and adapter is None:
        base = json.loads(about.read_text(encoding="utf-8")).get("base_model_name_or_path")
        below = settings.model_copy(update={"path": base, "adapter": None}) if base else None
        if below is not None and (Path(base).is_dir() or HUB_ID.fullmatch(base)):
            found = find(below)
            return Place(found.folder, found.gguf, path, found.fetched)
        raise BackendError(
            f"{path}: an adapter for {base!r}, which is not here. Name the model as `path`, this folder as `adapter`."
        )
    raise BackendError(
        f"{path}: no model is in this folder (no config.json). A GGUF model is named by its file, one of several "
        "models by its own folder."
    )


def _copy(name: str, settings: TransformersSettings) -> Path:
    """The folder of a hub id in the cache of Hugging Face, fetched if the wave allows it."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise BackendError(
            f"{name}: ids of the hub need the package huggingface_hub. Install it with `pip install 'demoscope[hf]'`."
        ) from None
    try:
        return Path(
            snapshot_download(
                name,
                revision=settings.revision,
                local_files_only=not settings.download,
                allow_patterns=FETCHED,
            )
        )
    except Exception as error:  # many kinds, of the hub, of HTTP and of disks
        if settings.download:
            raise BackendError(
                f"{name}: cannot be fetched from the hub ({type(error).__name__}: {error}). Check the id and the "
                "network; a gated model needs a token in $HF_TOKEN."
            ) from None
        raise BackendError(
            f"{name}: no copy of this hub model is on this machine, and no wave fetches one by surprise. Set "
            "`download: true` for the model, or fetch it once with `hf download " + name + "`."
        ) from None


def digest(place: Place) -> str:
    """SHA-256 over what decides the numbers of a model: its weights, configuration and adapter, in hex."""
    hasher = hashlib.sha256()
    for file in _deciding(place):
        hasher.update(f"{file.name} {_sha256(file)}\n".encode())
    return hasher.hexdigest()


def size(place: Place) -> int:
    """Bytes of the weights on disk."""
    return sum(file.stat().st_size for file in _deciding(place) if file.suffix != ".json")


def _deciding(place: Place) -> list[Path]:
    files = [place.folder / place.gguf] if place.gguf else [place.folder / "config.json", *_weights(place.folder)]
    if place.adapter:
        files += [place.adapter / "adapter_config.json", *_weights(place.adapter)]
    return files


def _weights(folder: Path) -> list[Path]:
    """Files of weights of the first format there is, so that copies in other formats count for nothing."""
    found = (sorted(folder.glob(pattern)) for pattern in WEIGHTS)
    return next((files for files in found if files), [])


def _sha256(file: Path) -> str:
    """Digest of a file; the hub's cache names large files by theirs, which spares reading them."""
    named = file.resolve().name
    if re.fullmatch(r"[0-9a-f]{64}", named):
        return named
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
