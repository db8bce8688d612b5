"""Any Hugging Face encoder, fine-tuned on labelled comments: the method ``transformer``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxml._optional import require
from cxml.errors import ConfigError, NotFittedError
from cxml.voc.nets.finetuning import FEATURE, Device, build_network, finetune, torch_here, within_memory
from cxml.voc.nets.pretrained import EXTRA, Tokens, describe, open_pretrained, token_limit
from cxml.voc.nets.tuning import Tuning

if TYPE_CHECKING:
    from cxml.voc.heads import Head

__all__ = ["TransformerEngine", "Tuning"]

Scores = dict[str, NDArray[np.float64]]


class TransformerEngine:
    """Fine-tunes an encoder by name or local folder, with one linear layer a head; on a GPU where there is one.

    Parameters
    ----------
    encoder : str
        A Hugging Face name (``"beomi/KcELECTRA-base-v2022"``, ``"klue/roberta-base"``, ``"xlm-roberta-base"``) or a
        local folder with ``config.json``, ``tokenizer.json`` and ``model.safetensors``. Pickled weights and code
        beside a model are refused.
    tuning : Tuning, optional
        How it is fine-tuned.

    Attributes
    ----------
    validation : dict
        After `fit`: head name -> (positions of rows, scores of shape (rows, labels)). The rows are those with a label
        among those held back: no step was learned from them, though training stopped where they were predicted best.

    Examples
    --------
    >>> TransformerEngine("klue/roberta-base", Tuning(batch_size=16)).tuning.batch_size
    16
    >>> TransformerEngine("klue/roberta-base").scores(["늦어요"])
    Traceback (most recent call last):
        ...
    cxml.errors.NotFittedError: A transformer must be fitted before it scores - this one is not. Call fit first.
    """

    def __init__(self, encoder: str, tuning: Tuning | None = None) -> None:
        self.encoder = encoder
        self.tuning = tuning or Tuning()
        self.validation: dict[str, tuple[NDArray[np.intp], NDArray[np.float64]]] = {}
        self._heads: dict[str, int] = {}
        self._network: Any = None
        self._tokens: Tokens | None = None
        self._place: Device | None = None

    def fit(
        self,
        texts: Sequence[str],
        targets: Mapping[str, NDArray[Any]],
        heads: Sequence[Head],
        *,
        step: Callable[[str], None] | None = None,
    ) -> TransformerEngine:
        """Fine-tune.

        Parameters
        ----------
        texts : sequence of str
        targets : mapping
            Head name -> position in the head's labels, -1 where a row has none, shape (n,); of a head of several
            labels 0 and 1, rows of NaN where a row has none, shape (n, labels).
        heads : sequence of Head
        step : callable, optional
            Told in words how far it is, after each check.

        Returns
        -------
        TransformerEngine
            Itself.

        Raises
        ------
        MissingExtraError
            If torch or transformers is absent.
        ConfigError
            If the encoder cannot be read, a batch does not fit the GPU (the message says the batch size to try),
            there are fewer than two different texts, or the loss is no number.
        """
        torch = torch_here()
        tokenizer, encoder = open_pretrained(self.encoder, feature=FEATURE)
        place = Device.best()
        tokens = Tokens(describe(tokenizer), min(self.tuning.max_tokens, token_limit(encoder.config)))
        widths = {head.name: len(head.labels) for head in heads}
        devices = [torch.cuda.current_device()] if place.device.type == "cuda" else []
        with (
            torch.random.fork_rng(devices=devices),
            within_memory(self.tuning.batch_size, tokens.most, "while training"),
        ):
            torch.manual_seed(self.tuning.seed)
            network = build_network(encoder, widths, self.tuning.pooling, self.tuning.dropout).to(place.device)
            checked = finetune(network, tokens, texts, targets, heads, self.tuning, place, step)
        self._heads, self._network, self._tokens, self._place = widths, network, tokens, place
        scores = self.scores([texts[at] for at in checked])
        self.validation = {}
        for head in heads:
            target = targets[head.name][checked]
            known = target >= 0 if target.ndim == 1 else ~np.isnan(target).any(axis=1)
            self.validation[head.name] = (checked[known], scores[head.name][known])
        return self

    def scores(self, texts: Sequence[str]) -> Scores:
        """Log-odds of each head's labels.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        dict
            Head name -> array of shape (n, labels): softmax over them gives probabilities of a head of one label,
            the sigmoid of each those of a head of several.

        Raises
        ------
        NotFittedError
            If it was not fitted.
        ConfigError
            If a batch does not fit the GPU.
        """
        network, tokens, place = self._fitted()
        answer = {name: np.zeros((len(texts), width)) for name, width in self._heads.items()}
        size = self.tuning.batch_size * 2  # no gradients: twice the rows fit
        with torch_here().inference_mode(), within_memory(size, tokens.most, "while scoring"):
            for at, numbers, mask in tokens.batches(texts, size):
                with place.autocast():
                    found = network(place.put(numbers), place.put(mask))
                for name, score in zip(self._heads, found, strict=True):
                    answer[name][at] = score.float().cpu().numpy()
        return answer

    def _fitted(self) -> tuple[Any, Tokens, Device]:
        if self._network is None or self._tokens is None or self._place is None:
            raise NotFittedError("A transformer must be fitted before it scores - this one is not. Call fit first.")
        return self._network, self._tokens, self._place

    def parts(self) -> dict[str, Any]:
        """All that was learned, as JSON values and named arrays (written as safetensors).

        Returns
        -------
        dict
            ``settings``, ``architecture`` (the encoder's config.json), ``tokens`` (its tokenizer.json), ``weights``.
        """
        network, tokens, _ = self._fitted()
        architecture = network.encoder.config.to_diff_dict() | {"model_type": network.encoder.config.model_type}
        return {
            "settings": {
                "encoder": self.encoder,
                "heads": self._heads,
                "max_tokens": tokens.most,
                "tuning": asdict(self.tuning),
            },
            "architecture": {name: value for name, value in architecture.items() if _is_plain(value)},
            "tokens": tokens.described,
            "weights": {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()},
        }

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> TransformerEngine:
        """Build again what `parts` described; nothing is downloaded and no code of the encoder's is run.

        Parameters
        ----------
        parts : mapping

        Returns
        -------
        TransformerEngine

        Raises
        ------
        MissingExtraError
            If torch or transformers is absent.
        ConfigError
            If the weights do not fit the architecture.
        """
        torch = torch_here()
        settings = parts["settings"]
        engine = cls(settings["encoder"], Tuning(**settings["tuning"]))
        engine._heads = {str(name): int(width) for name, width in settings["heads"].items()}
        engine._tokens = Tokens(parts["tokens"], int(settings["max_tokens"]))
        engine._place = Device.best()
        network = engine._empty(parts["architecture"])
        weights = {name: torch.from_numpy(np.array(value)) for name, value in parts["weights"].items()}
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            raise ConfigError(
                f"A transformer's weights must fit its architecture - they do not ({str(error).splitlines()[0]}). Get "
                "the model from its source again, or train anew."
            ) from error
        engine._network = network.to(engine._place.device).eval()
        return engine

    def _empty(self, architecture: Mapping[str, Any], **how: Any) -> Any:
        """The network with weights yet to be filled in."""
        transformers = require("transformers", extra=EXTRA, feature=FEATURE)
        rest = {name: value for name, value in architecture.items() if name not in ("model_type", "auto_map")}
        try:
            config = transformers.AutoConfig.for_model(architecture["model_type"], **rest)
        except ValueError as error:
            raise ConfigError(
                f"An encoder's model type must be one that transformers knows - got {architecture['model_type']!r}. "
                "Upgrade transformers."
            ) from error
        encoder = transformers.AutoModel.from_config(config, trust_remote_code=False, **how)
        return build_network(encoder, self._heads, self.tuning.pooling, self.tuning.dropout)


def _is_plain(value: Any) -> bool:
    """Whether a config's value is JSON: dtypes and the like are not, and nothing hangs on them here."""
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(one) for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return all(_is_plain(one) for one in value)
    return value is None or isinstance(value, (str, int, float, bool))
