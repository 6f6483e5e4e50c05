"""What is served, by artefacts."""

from collections.abc import Callable

import pytest

from edgeasr.errors import ConfigError
from edgeasr.serve.services import Services


def test_two_artefacts_of_one_word_are_refused(make: Callable[..., Services]) -> None:
    with pytest.raises(ConfigError, match="another artefact spots 'low' too"):
        make("bands", "low")


def test_two_recognisers_of_one_name_are_refused(make: Callable[..., Services]) -> None:
    with pytest.raises(ConfigError, match="another artefact is called letters too: rename one of them"):
        make("letters", "letters")


def test_two_bundles_may_call_their_wake_word_files_alike(make: Callable[..., Services]) -> None:
    services = make("low/wake", "high/wake")
    assert services.words == ("low", "high")
    assert len(services.spotters) == 2
