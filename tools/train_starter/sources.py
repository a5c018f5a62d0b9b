"""The texts that the starter may learn from, and how often it sees each."""

from pathlib import Path
from typing import NamedTuple

from voicectl.protocol.errors import UsageError

_FORBIDDEN = ("_nc", "emacs_docs", "ansible_docs", "rails_guides")
"""Non-commercial, copyleft and share-alike: weights trained on them could not be shipped under our licence."""

REGISTER = Path(__file__).parent / "register"
"""Sentences in an assistant's register that were written for this project."""

OURS = "voicectl's own"
OWN = "register"
"""The source that is not in the corpus: the lines of all files of ``register/``."""


class Source(NamedTuple):
    """One file ``train/NAME.tsv.xz``.

    ``main`` and ``last`` are how often its pairs are seen in each pass of the main stage and of the last one.
    """

    name: str
    main: float
    last: float
    title: str
    licence: str


SOURCES = (
    Source("msdocs_ht", 1, 0.5, "Microsoft documentation, translated by people", "CC BY 4.0, MIT"),
    Source("msdocs_ht_history", 0.5, 0, "the same, older versions", "CC BY 4.0"),
    Source("msdocs_mt_2019plus", 0.5, 0, "the same, translated by machine", "CC BY 4.0"),
    Source("python_docs", 1, 0.5, "Python documentation", "PSF, CC0"),
    Source("php_manual", 1, 0.5, "PHP manual", "CC BY 3.0"),
    Source("django_docs", 1, 0.5, "Django documentation", "BSD-3-Clause"),
    Source("tensorflow_docs", 1, 0.5, "TensorFlow documentation", "Apache-2.0, CC BY 4.0"),
    Source("react_docs", 1, 0.5, "React documentation", "CC BY 4.0"),
    Source("react_docs_legacy", 1, 0.5, "React documentation, former site", "CC BY 4.0"),
    Source("angular_docs", 1, 0.5, "Angular documentation", "MIT, CC BY 4.0"),
    Source("angular_docs_old", 1, 0.5, "Angular documentation, older versions", "MIT, CC BY 4.0"),
    Source("rust_book", 1, 0.5, "The Rust Programming Language", "MIT or Apache-2.0"),
    Source("docker_docs", 1, 0.5, "Docker documentation", "Apache-2.0"),
    Source("aux_tanaka_train", 0.5, 0, "Tanaka corpus", "CC BY 2.0 FR"),
    Source("register_a", 3, 4, "sentences in an assistant's register", OURS),
    Source("register_b", 3, 4, "sentences in an assistant's register", OURS),
    Source("register_extra", 3, 4, "sentences in an assistant's register", OURS),
    Source(OWN, 3, 4, "sentences in an assistant's register, written beside this program", OURS),
)

HELD_OUT = "register_extra"
"""Every third line of this file is never trained on: a dev set in the register that the starter is for."""


def is_held_out(source: str, line: int) -> bool:
    """Say whether a line of a file (the first is 0) is kept for evaluation."""
    return source == HELD_OUT and line % 3 == 0


def require_free(name: str) -> None:
    """Check that a source may be trained on.

    Raises:
        UsageError: its licence forbids shipping the weights.
    """
    if any(word in name.lower() for word in _FORBIDDEN):
        raise UsageError(f"{name} must not be trained on: its licence does not allow shipping the weights")
