"""Errors of a Hugging Face hub in one sentence. A token never enters a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2 as httpx
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from msm.errors import InputError


@contextmanager
def hub_in_one_sentence(name: str) -> Iterator[None]:
    """Raise InputError, one sentence that says what to do, where the hub raises its own errors.

    name  of the repository, for the message
    """
    try:
        yield
    except HFValidationError:
        raise InputError(f"{name!r} is not the name of a repository; write USER/NAME") from None
    except (GatedRepoError, RepositoryNotFoundError):
        raise InputError(
            f"there is no repository {name!r} on the hub for you: check its name, or `hf auth login`"
        ) from None
    except RevisionNotFoundError:
        raise InputError(f"{name} has no such revision on the hub") from None
    except LocalTokenNotFoundError:
        raise InputError("you are not logged in to the hub: `hf auth login`, or set HF_TOKEN") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        refused = "you may not do this: check `hf auth whoami`" if status in (401, 403) else f"it answered {status}"
        raise InputError(f"the hub refused {name}: {refused}") from None
    except (httpx.HTTPError, LocalEntryNotFoundError, ConnectionError):
        raise InputError(f"the hub cannot be reached for {name}; check the network, or HF_ENDPOINT") from None
