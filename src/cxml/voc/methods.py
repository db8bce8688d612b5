"""The methods by name: which engine answers with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cxml.contract import build_config
from cxml.voc.config import CompactConfig, LinearConfig, TransformerConfig
from cxml.voc.linear import PLAIN, LinearEngine, Recipe
from cxml.voc.scored import Engine, ScoredVoc


class LinearVoc(ScoredVoc):
    """Character n-grams and, if asked, the meaning of the whole: the default.

    Parameters
    ----------
    config : LinearConfig
    """

    method: ClassVar[str] = "linear"
    Config: ClassVar[type[Any]] = LinearConfig

    def engine(self) -> Engine:
        """Unfitted, with the encoder open where one is asked for."""
        from cxml.voc.semantic import open_encoder

        config: LinearConfig = self.config
        encoder = None if config.encoder is None else open_encoder(config.encoder)
        recipe = None if config.recipe is None else Recipe(*config.recipe)
        return LinearEngine(
            class_weight=config.class_weight, recipe=recipe, most=config.ngrams, encoder=encoder, seed=config.seed
        )

    @classmethod
    def read_engine(cls, parts: Mapping[str, Any]) -> Engine:
        """Fitted, from its parts."""
        return LinearEngine.from_parts(parts)


class WordsVoc(ScoredVoc):
    """Words and pairs of words, as they stand: the baseline that is hard to beat in English, and easily in Korean.

    Parameters
    ----------
    config : VocConfig
    """

    method: ClassVar[str] = "words"

    def engine(self) -> Engine:
        """Unfitted."""
        return LinearEngine(unit="words", class_weight=self.config.class_weight, recipe=PLAIN, seed=self.config.seed)

    @classmethod
    def read_engine(cls, parts: Mapping[str, Any]) -> Engine:
        """Fitted, from its parts."""
        return LinearEngine.from_parts(parts)


class CompactVoc(ScoredVoc):
    """A small neural net on pieces of words beside the n-grams. It learns with torch and answers without.

    Parameters
    ----------
    config : CompactConfig
    """

    method: ClassVar[str] = "compact"
    Config: ClassVar[type[Any]] = CompactConfig

    def engine(self) -> Engine:
        """Unfitted."""
        from cxml.voc.nets.compact import CompactEngine
        from cxml.voc.nets.compact_settings import CompactSettings

        config: CompactConfig = self.config
        settings = {"seed": config.seed, "class_weight": config.class_weight, **config.net}
        return CompactEngine(build_config(CompactSettings, settings))

    @classmethod
    def read_engine(cls, parts: Mapping[str, Any]) -> Engine:
        """Fitted, from its parts."""
        from cxml.voc.nets.compact import CompactEngine

        return CompactEngine.from_parts(parts)


class TransformerVoc(ScoredVoc):
    """A pretrained encoder, fine-tuned.

    Parameters
    ----------
    config : TransformerConfig
    """

    method: ClassVar[str] = "transformer"
    Config: ClassVar[type[Any]] = TransformerConfig

    def engine(self) -> Engine:
        """Unfitted."""
        from cxml.voc.nets.transformer import TransformerEngine
        from cxml.voc.nets.tuning import Tuning

        config: TransformerConfig = self.config
        settings = {"seed": config.seed, "class_weight": config.class_weight, **config.tuning}
        return TransformerEngine(config.encoder, build_config(Tuning, settings))

    @classmethod
    def read_engine(cls, parts: Mapping[str, Any]) -> Engine:
        """Fitted, from its parts."""
        from cxml.voc.nets.transformer import TransformerEngine

        return TransformerEngine.from_parts(parts)
