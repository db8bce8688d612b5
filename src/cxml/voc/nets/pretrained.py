"""Open a pretrained encoder by name or folder without running anything that came with it, and cut texts into tokens.

Weights are read from safetensors only: a ``pytorch_model.bin`` is a pickle, and a pickle runs code when it is read.
Code beside a model (``trust_remote_code``) is never loaded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cxml._optional import require
from cxml.errors import ConfigError

EXTRA: Final = "transformers"
_MOST_CHARACTERS: Final = 10  # a token; what lies behind that many times the tokens is not read anyway
_UNREADABLE: Final = re.compile("[\x00\ud800-\udfff]")


def readable(text: str, characters: int) -> str:
    r"""The beginning of a text, with what tokenizers cannot read (null, lone surrogates) as blanks.

    Parameters
    ----------
    text : str
    characters : int >= 1

    Returns
    -------
    str
        Empty where nothing of it can be seen: blanks, control and zero-width characters.

    Examples
    --------
    >>> readable("배송이 늦어요", 3), readable(" \u200b ", 9), readable("a\x00b", 9)
    ('배송이', '', 'a b')
    >>> readable(3, 9)
    Traceback (most recent call last):
        ...
    TypeError: 'int' object is not subscriptable
    """
    cut = _UNREADABLE.sub(" ", text[:characters])
    return cut if any(one.isprintable() and not one.isspace() for one in cut) else ""


def open_pretrained(name: str, *, feature: str) -> tuple[Any, Any]:
    """Read a tokenizer and a network, from the hub or from a folder.

    Parameters
    ----------
    name : str
        A Hugging Face model name (``"beomi/KcELECTRA-base-v2022"``) or a local folder.
    feature : str
        What needs it, as the subject of a sentence.

    Returns
    -------
    (tokenizer, network)
        Of transformers; the network without a head, in float32, with dropout off.

    Raises
    ------
    MissingExtraError
        If torch or transformers is absent.
    ConfigError
        If there is no such encoder, its weights are pickled, it needs code of its own, or its tokenizer has no
        ``tokenizer.json``.

    Examples
    --------
    >>> open_pretrained("", feature="Fine-tuning")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: Fine-tuning needs an encoder: a Hugging Face name such as 'klue/roberta-base', or a \
local folder - got ''. Name one.
    """
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(
            f"{feature} needs an encoder: a Hugging Face name such as 'klue/roberta-base', or a local folder - got "
            f"{name!r}. Name one."
        )
    require("torch", extra=EXTRA, feature=feature)
    transformers = require("transformers", extra=EXTRA, feature=feature)
    _refuse_pickles(Path(name), feature)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        network = transformers.AutoModel.from_pretrained(name, trust_remote_code=False, use_safetensors=True)
    except (OSError, ValueError, KeyError, RuntimeError, _damaged()) as error:
        reason = str(error).strip().split("\n")[0]
        raise ConfigError(
            f"{feature} needs an encoder with config.json, tokenizer.json and model.safetensors - {name!r} could not "
            f"be read ({type(error).__name__}: {reason}). Check the name; without a network give a local folder."
        ) from error
    if not getattr(tokenizer, "is_fast", False):
        raise ConfigError(
            f"{feature} needs a tokenizer with a tokenizer.json - {name!r} has {type(tokenizer).__name__} without one. "
            "Choose another encoder, or convert its tokenizer first."
        )
    return tokenizer, network.float().eval()


def _damaged() -> type[Exception]:
    """What safetensors says of a file that is not whole, which no built-in error stands above."""
    found: type[Exception] = require("safetensors", extra=EXTRA, feature="A transformer").SafetensorError
    return found


def _refuse_pickles(folder: Path, feature: str) -> None:
    if not folder.is_dir() or any(folder.glob("*.safetensors")):
        return
    pickled = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for path in folder.glob(pattern))
    if pickled:
        raise ConfigError(
            f"{feature} reads weights from safetensors only, because a pickle runs code when it is read - {folder} "
            f"holds {pickled[0]} and no .safetensors file. Where you trust its source, convert it once: "
            "AutoModel.from_pretrained(folder).save_pretrained(new_folder)."
        )


def token_limit(config: Any) -> int:
    """Tokens that an encoder can read at once, 512 at most; RoBERTa and its kin keep two positions for themselves."""
    return min(512, int(getattr(config, "max_position_embeddings", None) or 514) - 2)


def describe(tokenizer: Any) -> dict[str, Any]:
    """What a tokenizer is, as JSON values: its ``tokenizer.json`` and the numbers of its padding and unknown token."""
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    unknown = tokenizer.unk_token_id
    return {
        "tokenizer": json.loads(backend.to_str()),
        "pad": int(tokenizer.pad_token_id or 0),
        "unknown": int(unknown if unknown is not None else tokenizer.pad_token_id or 0),
    }


class Tokens:
    """Cuts texts into token numbers, and batches of like length out of them.

    Needs the package tokenizers only, so that a model is served without torch.

    Parameters
    ----------
    described : mapping
        As `describe` answers it.
    most : int >= 8
        Tokens of a text that are read, special ones among them.
    """

    def __init__(self, described: Mapping[str, Any], most: int) -> None:
        tokenizers = require("tokenizers", extra=EXTRA, feature="A transformer")
        self.described = dict(described)
        self.most = most
        self._tokenizer = tokenizers.Tokenizer.from_str(json.dumps(self.described["tokenizer"]))
        # set once and never again: a tokenizer that is changed while another thread uses it fails
        self._tokenizer.enable_truncation(most)

    def cut(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text; at least one, so that an empty text can be pooled."""
        prepared = [readable(text, self.most * _MOST_CHARACTERS) for text in texts]
        cut = self._tokenizer.encode_batch(prepared, add_special_tokens=True)
        return [list(one.ids) or [self.described["unknown"]] for one in cut]

    def pad(self, rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of token numbers as one array filled up with padding, and the mask that is 1 at real tokens."""
        longest = max(len(row) for row in rows)
        numbers = np.full((len(rows), longest), self.described["pad"], dtype=np.int64)
        mask = np.zeros((len(rows), longest), dtype=np.int64)
        for at, row in enumerate(rows):
            numbers[at, : len(row)] = row
            mask[at, : len(row)] = 1
        return numbers, mask

    def batches(self, texts: Sequence[str], size: int) -> Iterator[tuple[NDArray[np.int64], Any, Any]]:
        """Batches of texts of like length, the longest first: (positions, token numbers, mask)."""
        rows = self.cut(texts)
        order = np.argsort([-len(row) for row in rows], kind="stable")
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            yield chosen, *self.pad([rows[at] for at in chosen])
