"""A fine-tuned encoder as an ONNX graph: served by ONNX Runtime on the CPU, without torch and transformers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cxml._optional import require
from cxml.errors import ConfigError, MissingExtraError, ModelFolderError
from cxml.voc.nets.finetuning import torch_here
from cxml.voc.nets.pretrained import Tokens
from cxml.voc.nets.transformer import Scores, TransformerEngine

__all__ = ["OnnxEngine", "export_onnx"]

_GRAPH: Final = "model.onnx"
_SETTINGS: Final = "settings.json"
_TOKENS: Final = "tokens.json"
_AGREE: Final = 1e-3
_HIDDEN: Final = -1e9
_PROBES: Final = ("배송이 늦어요", "The app crashes whenever I pay, and nobody answers the phone. " * 5, "", "😀")


def export_onnx(engine: TransformerEngine, folder: str | Path) -> Path:
    """Write a fine-tuned encoder for ONNX Runtime, and see that both answer the same.

    Parameters
    ----------
    engine : TransformerEngine
        Fitted.
    folder : path
        Made anew: ``model.onnx``, ``tokens.json``, ``settings.json``.

    Returns
    -------
    Path

    Raises
    ------
    MissingExtraError
        If torch, onnx or onnxruntime is absent.
    ModelFolderError
        If the folder exists already.
    NotFittedError
        If the engine was not fitted.
    ConfigError
        If the graph does not answer as the encoder does, within 0.001.

    Examples
    --------
    >>> export_onnx(TransformerEngine("klue/roberta-base"), "served")
    Traceback (most recent call last):
        ...
    cxml.errors.NotFittedError: A transformer must be fitted before it scores - this one is not. Call fit first.
    """
    parts = engine.parts()
    target = Path(folder)
    if target.exists():
        raise ModelFolderError(f"An export goes to a new folder - {target} exists already. Choose another name.")
    torch = torch_here()
    require("onnx", extra="onnx", feature="Export to ONNX")
    require("onnxruntime", extra="onnx", feature="Export to ONNX")
    # attention written out: fused kernels have no place in a graph
    network = engine._empty(parts["architecture"], attn_implementation="eager")
    network.load_state_dict({name: torch.from_numpy(value) for name, value in parts["weights"].items()})
    settings = {
        "format": "cxml-onnx",
        "heads": parts["settings"]["heads"],
        "max_tokens": parts["settings"]["max_tokens"],
    }
    target.mkdir(parents=True)
    try:
        (target / _TOKENS).write_text(json.dumps(parts["tokens"], ensure_ascii=False), encoding="utf-8")
        (target / _SETTINGS).write_text(json.dumps(settings, ensure_ascii=False, indent=1), encoding="utf-8")
        _trace(network.eval(), list(settings["heads"]), target / _GRAPH)
        _see_that_it_agrees(target, network, engine)
    except BaseException:
        rmtree(target)
        raise
    return target


def _see_that_it_agrees(folder: Path, network: Any, engine: TransformerEngine) -> None:
    served = OnnxEngine.load(folder).scores(_PROBES)
    far = max(float(np.abs(served[name] - wanted).max()) for name, wanted in _by_torch(network, engine).items())
    if not far <= _AGREE:
        raise ConfigError(
            f"An exported graph must answer as the encoder does, within {_AGREE:g} - that of {engine.encoder!r} is off "
            f"by {far:.3g}. Serve it with torch."
        )


def _by_torch(network: Any, engine: TransformerEngine) -> Scores:
    """Scores of the probes on the CPU in float32, as the graph computes."""
    torch = torch_here()
    _, tokens, _ = engine._fitted()
    numbers, mask = (torch.from_numpy(one) for one in tokens.pad(tokens.cut(_PROBES)))
    with torch.inference_mode():
        found = network(numbers, mask)
    return {name: score.numpy() for name, score in zip(engine._heads, found, strict=True)}


def _trace(network: Any, names: list[str], path: Path) -> None:
    torch = torch_here()

    class Served(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, numbers: Any, mask: Any) -> tuple[Any, ...]:
            # a mask of four dimensions goes to the layers as it is; the choice that transformers makes by looking at
            # a plain one would be frozen into the graph
            attention = (1.0 - mask[:, None, None, :].float()) * _HIDDEN
            return tuple(self.network(numbers, mask, attention))

    numbers = torch.ones((2, 9), dtype=torch.int64)
    mask = torch.ones_like(numbers)
    mask[1, 5:] = 0
    free = {0: "comments", 1: "tokens"}
    torch.onnx.export(
        Served().eval(),
        (numbers, mask),
        str(path),
        input_names=["numbers", "mask"],
        output_names=[f"score_{name}" for name in names],
        dynamic_axes={"numbers": free, "mask": free} | {f"score_{name}": {0: "comments"} for name in names},
        opset_version=17,
        dynamo=False,
    )


class OnnxEngine:
    """Scores comments with an exported graph; `OnnxEngine.load` makes it.

    Examples
    --------
    >>> OnnxEngine.load("no/such/folder")
    Traceback (most recent call last):
        ...
    cxml.errors.ModelFolderError: An export holds model.onnx, settings.json and tokens.json - no/such/folder lacks \
model.onnx. Check the path; export_onnx(engine, folder) writes one.
    """

    def __init__(self, session: Any, tokens: Tokens, heads: dict[str, int]) -> None:
        self._session = session
        self._tokens = tokens
        self._heads = heads

    @classmethod
    def load(cls, folder: str | Path, *, threads: int | None = None) -> OnnxEngine:
        """Read what `export_onnx` wrote.

        Parameters
        ----------
        folder : path
        threads : int >= 1, default=None
            CPU threads of one batch; None: one for each core.

        Returns
        -------
        OnnxEngine

        Raises
        ------
        MissingExtraError
            If onnxruntime or tokenizers is absent.
        ModelFolderError
            If the folder is not such an export.
        """
        place = Path(folder)
        missing = [name for name in (_GRAPH, _SETTINGS, _TOKENS) if not (place / name).is_file()]
        if missing:
            raise ModelFolderError(
                f"An export holds {_GRAPH}, {_SETTINGS} and {_TOKENS} - {place} lacks {missing[0]}. Check the path; "
                "export_onnx(engine, folder) writes one."
            )
        runtime = require("onnxruntime", extra="onnx", feature="Serving with ONNX Runtime")
        options = runtime.SessionOptions()
        if threads:
            options.intra_op_num_threads = threads
        try:
            settings = json.loads((place / _SETTINGS).read_text(encoding="utf-8"))
            tokens = Tokens(json.loads((place / _TOKENS).read_text(encoding="utf-8")), int(settings["max_tokens"]))
            session = runtime.InferenceSession(str(place / _GRAPH), options, providers=["CPUExecutionProvider"])
            return cls(session, tokens, dict(settings["heads"]))
        except MissingExtraError:
            raise
        except Exception as error:  # each of the three readers has errors of its own, of no common kind
            raise ModelFolderError(
                f"An export must be as export_onnx wrote it - {place} could not be read ({type(error).__name__}). "
                "Copy it anew, or export again."
            ) from error

    def scores(self, texts: Sequence[str], *, batch_size: int = 32) -> Scores:
        """Log-odds of each head's labels, as `TransformerEngine.scores` answers them.

        Parameters
        ----------
        texts : sequence of str
        batch_size : int >= 1, default=32

        Returns
        -------
        dict
            Head name -> array of shape (n, labels).
        """
        answer: Scores = {name: np.zeros((len(texts), width)) for name, width in self._heads.items()}
        for at, numbers, mask in self._tokens.batches(texts, batch_size):
            found: list[NDArray[np.float32]] = self._session.run(None, {"numbers": numbers, "mask": mask})
            for name, score in zip(self._heads, found, strict=True):
                answer[name][at] = score
        return answer
