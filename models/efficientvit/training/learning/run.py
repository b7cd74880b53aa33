"""One training run: its state, a step, and how it is kept so that it can go on where it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch

from data.batches import Batch
from learning.assign import ignore_scope
from learning.average import Average
from learning.compact import State, load_compact, save_compact
from learning.losses import Loss, detection_loss
from learning.recipe import Recipe, recipe_of
from learning.schedule import rate_factor
from network.backbone import Backbone
from network.checkpoint import load_checkpoint, load_mit_backbone, read_saved, save_checkpoint
from network.detector import Detector, anchor_grid


class Run:
    """Network, averaged weights and optimiser of a recipe at a step. `step` is the number of steps that are done."""

    def __init__(self, recipe: Recipe, names: list[str], device: str) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.names, self.device, self.step = recipe, names, torch.device(device), 0
        detector = Detector(recipe.variant, len(names), recipe.channels)
        if recipe.init:
            detector, known = load_checkpoint(Path(recipe.init), calibrated=False)
            if known != names or (detector.variant, detector.channels) != (recipe.variant, recipe.channels):
                found = f"{detector.variant}, {detector.channels} channels, {known}"
                raise ValueError(f"init: expected {recipe.variant}, {recipe.channels} channels, {names}; got {found}")
        elif recipe.backbone:
            if not isinstance(detector.b, Backbone):
                raise ValueError(f"backbone: expected a variant of EfficientViT to load it into, got {recipe.variant}")
            load_mit_backbone(detector.b, Path(recipe.backbone))
        # Channels last is how oneDNN and cuDNN compute; other layouts are converted around each convolution.
        self.network = detector.to(self.device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.average = Average(self.network, recipe.average.decay, recipe.average.ramp)
        self.optimiser = torch.optim.AdamW(self._groups(), lr=recipe.optimiser.rate, fused=True)
        self.scope = ignore_scope(recipe.assign, names).to(self.device)
        self._grids: dict[tuple[int, int], tuple[torch.Tensor, torch.Tensor]] = {}

    def _groups(self) -> list[dict[str, Any]]:
        """Parameters by whether they decay and whether they are of the backbone."""
        options = self.recipe.optimiser
        groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
        for name, parameter in self.network.named_parameters():
            groups.setdefault((parameter.ndim > 1, name.startswith("b.")), []).append(parameter)
        return [
            {
                "params": parameters,
                "weight_decay": options.decay if decays else 0.0,
                "factor": options.backbone if is_backbone else 1.0,
            }
            for (decays, is_backbone), parameters in groups.items()
        ]

    def grid(self, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Anchors of an input size, made once."""
        key = height, width
        if key not in self._grids:
            centres, strides = anchor_grid(height, width)
            self._grids[key] = centres.to(self.device), strides.to(self.device)
        return self._grids[key]

    def advance(self, batch: Batch) -> Loss:
        """One step. FloatingPointError when the loss is no number; nothing has been changed then."""
        recipe, options = self.recipe, self.recipe.optimiser
        factor = rate_factor(self.step, recipe.steps, options)
        for group in self.optimiser.param_groups:
            group["lr"] = options.rate * factor * group["factor"]
        images = batch.images.to(self.device, non_blocking=True).to(memory_format=torch.channels_last).float() / 255
        boxes = batch.boxes.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
            regression, logits = self.network(images)
        grid = self.grid(images.shape[2], images.shape[3])
        loss = detection_loss(regression, logits, boxes, grid, self.scope, recipe.assign, recipe.loss)
        if not torch.isfinite(loss.total):
            raise FloatingPointError(f"step {self.step}: the loss is {loss.total.item()}; lower optimiser.rate, or resume")
        self.optimiser.zero_grad(set_to_none=True)
        loss.total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), options.clip)
        self.optimiser.step()
        self.step += 1
        self.average.update(self.network, self.step)
        return loss

    def _state(self) -> State:
        return {
            "recipe": dataclasses.asdict(self.recipe),
            "names": self.names,
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": torch.get_rng_state(),
        }

    def save(self, folder: Path) -> None:
        """Writes, each whole or not at all, `state.pt` (all that is needed to go on, bit for bit), `weights.pt` (the averaged
        weights) and `checkpoint.pt` (those and enough to go on from; see `learning.compact`)."""
        folder.mkdir(parents=True, exist_ok=True)
        state = self._state()
        partial = folder / "state.pt.part"
        torch.save(state, partial)
        partial.replace(folder / "state.pt")
        save_checkpoint(folder / "weights.pt", self.average.network, self.names, self.step)
        save_compact(folder / "checkpoint.pt", self.average.network, state)

    def load(self, path: Path) -> None:
        """Goes on from a `state.pt` or a `checkpoint.pt`. ValueError when the recipe differs in what decides the result.

        Options that did not exist when the run was begun count as left at their defaults.
        """
        content: State = read_saved(path)
        state = content if "network" in content else load_compact(path, self.optimiser)
        free = {"save_every", "judge", "cache", "init", "backbone"}
        try:
            # Without what is free: it need not be readable any more.
            kept = recipe_of({key: value for key, value in state["recipe"].items() if key not in free})
        except ValueError as fault:
            said = "; ".join(str(fault).splitlines())
            raise ValueError(f"{path}: expected a recipe that today's code can read, got another ({said})") from fault
        begun, ours = dataclasses.asdict(kept), dataclasses.asdict(self.recipe)
        changed = [key for key, value in ours.items() if key not in free and begun[key] != value]
        if changed or state["names"] != self.names:
            raise ValueError(f"{path}: expected the recipe that it was begun with, got another: {', '.join(changed) or 'names'}")
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        if "random" in state:
            torch.set_rng_state(state["random"].cpu())
        self.step = int(state["step"])
