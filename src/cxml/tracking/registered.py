"""Registered models: versions with a card, the aliases that point at them, and what held an alias before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxml import registry
from cxml.cards import write_card
from cxml.tracking.store import session

if TYPE_CHECKING:
    from cxml.trained import Trained

#: A database may refuse longer descriptions of registered models: MLflow's schema has 5,000 characters.
_MOST_DESCRIPTION = 4_800
_FAMILY = "cxml.family"
#: On a version: which one held this alias when the version took it.
_BEFORE = "cxml.before."


@dataclass(frozen=True)
class Holder:
    """The version that an alias points at.

    Attributes
    ----------
    version : str
    run_id : str
    before : str, optional
        The version that held the alias before; None where there was none.
    """

    version: str
    run_id: str
    before: str | None


def holder(name: str, alias: str) -> Holder | None:
    """Find what an alias of a registered model points at; None where there is no such alias."""
    import mlflow

    with session():
        try:
            found = mlflow.MlflowClient().get_model_version_by_alias(name, alias)
        except mlflow.exceptions.MlflowException as error:
            # A store says INVALID_PARAMETER_VALUE for an alias never set, RESOURCE_DOES_NOT_EXIST for a model.
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
    return Holder(str(found.version), str(found.run_id), found.tags.get(f"{_BEFORE}{alias}"))


def aliased(name: str, alias: str) -> str | None:
    """Name the run behind an alias of a registered model, or None where there is no such alias."""
    found = holder(name, alias)
    return found.run_id if found else None


def aliases(family: str) -> dict[str, list[str]]:
    """List the aliases of a family's registered models by the run that each points at.

    Returns
    -------
    dict of run id -> list of ``name@alias``
    """
    import mlflow

    client = mlflow.MlflowClient()
    found: dict[str, list[str]] = {}
    with session():
        token = None
        while token != "":
            models = client.search_registered_models(f"tags.`{_FAMILY}` = '{family}'", page_token=token)
            for model in models:
                for alias in model.aliases:
                    run_id = client.get_model_version_by_alias(model.name, alias).run_id
                    found.setdefault(str(run_id), []).append(f"{model.name}@{alias}")
            token = models.token or ""
    return found


def version_numbers(name: str) -> list[str]:
    """List the versions of a registered model, oldest first; none where there is no such model."""
    import mlflow

    with session():
        found = mlflow.MlflowClient().search_model_versions(f"name = '{name}'")
    return sorted((str(one.version) for one in found), key=int)


def point(name: str, alias: str, version: str, *, remember: bool = True) -> None:
    """Point an alias at another version, which remembers the one that held it.

    A version that remembers one already keeps it: whoever steps back over it gets to where it came from. Who goes back
    to a version that has held the alias passes ``remember=False``: the first of all has none before it.
    """
    import mlflow

    client = mlflow.MlflowClient()
    before = holder(name, alias)
    with session():
        tag = f"{_BEFORE}{alias}"
        if remember and before is not None and tag not in client.get_model_version(name, version).tags:
            client.set_model_version_tag(name, version, tag, before.version)
        client.set_registered_model_alias(name, alias, version)


def register(trained: Trained, uri: str, name: str, alias: str, tags: Mapping[str, str]) -> str:
    """Register the model that MLflow keeps at `uri` as the next version of `name`, and point the alias at it."""
    import mlflow

    client = mlflow.MlflowClient()
    with session():
        model_id = mlflow.models.get_model_info(uri).model_id
        logged = client.get_logged_model(model_id)
        _make(client, name, trained.family)
        version = client.create_model_version(
            name,
            source=logged.model_uri,
            run_id=logged.source_run_id,
            tags={"cxml.model": trained.name, **tags},
            model_id=model_id,
            description=shortened(write_card(trained), _MOST_DESCRIPTION),
        )
        _name_on_model(client, logged, name, str(version.version))
    point(name, alias, str(version.version))
    return str(version.version)


def _make(client: Any, name: str, family: str) -> None:
    from mlflow.exceptions import MlflowException

    told = (
        f"Models of `cxml.{family}` that beat their baseline, and the champion before them, on rows held out. "
        f'Load the present one with `cxml.load("models:/{name}@champion")`; `cxml.rollback("{name}")` goes back to the '
        f"one before.\n\n{registry.family(family).limits}"
    )
    try:
        client.create_registered_model(name, tags={_FAMILY: family}, description=told)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _name_on_model(client: Any, logged: Any, name: str, version: str) -> None:
    """Name the version on the logged model's page, which says "Not registered" otherwise.

    `mlflow.register_model` does it, but knows no description and no tags; the client leaves it to its caller.
    """
    from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS as TAG

    known = json.loads(logged.tags.get(TAG, "[]"))
    client.set_logged_model_tags(logged.model_id, {TAG: json.dumps([*known, {"name": name, "version": version}])})


def shortened(card: str, most: int) -> str:
    """Cut a card to what MLflow takes as a description; the whole one is among the run's artifacts."""
    rest = "\n\n... the rest is in the artifact card.md"
    return card if len(card) <= most else card[: card.rindex("\n", 0, most - len(rest))] + rest
