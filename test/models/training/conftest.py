"""Makes the training code importable, and says where the models that are shipped lie."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "models" / "efficientvit" / "training"))
sys.path.insert(0, str(Path(__file__).parent))

import torch  # noqa: E402

torch.set_num_threads(int(os.environ.get("TRAINING_TEST_THREADS", "1")))


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder with the published checkpoint, which is not part of the repository: SIGHTLINE_MODELS, or ../shared/models."""
    folder = Path(os.environ.get("SIGHTLINE_MODELS", ROOT.parent / "shared" / "models"))
    if not (folder / "efficientvit-b0.pt").exists():
        pytest.skip(f"no checkpoint in {folder}; SIGHTLINE_MODELS names another folder")
    return folder
