"""How fast a training eats shots, and what it holds in memory, beside the encoders that others would take.

    python -m benchmarks.train                  # two CPU cores: width 384, depth 6, float32
    python -m benchmarks.train --device cuda    # one GPU: width 768, depth 12, bfloat16

The same titles (60 to 512 shots, 2304 numbers each), 20 % hidden, the same optimiser (AdamW, fused), precision, width,
depth, heads, dropout and clipping for all; medians over repeats that take turns in one process. The peers are given
what their users give them: random batches of titles padded to the longest, a projection in and one out, SDPA, dropout
where MSM has it and none in the attention, whose fast kernels it would rule out. Peak memory is of a process of its
own each, above what it held before the model. The matrix rate is that of a product of big square matrices, measured
in the same run between the repeats. Writes benchmarks/results/train.json and .md; the other device's column stays.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks import train_loader
from msm.data.schema import Modality
from msm.errors import InputError
from msm.io import files
from msm.models.encoder import ShotEncoder
from msm.objectives.losses import cosine_distance
from msm.objectives.objective import make_objective
from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe
from msm.training.optimizers import make_optimizers
from msm.training.sampler import Batch, step_rng
from msm.training.step import train_step, uses_bfloat16
from msm.training.trainer import pick_device

RESULTS = Path(__file__).parent / "results"
SHOT_DIM, SHORTEST, LONGEST, RATIO = 2304, 60, 512, 0.2
SIZES = {  # width, depth, heads, titles of a batch
    "cpu": (384, 6, 6, 16),
    "cuda": (768, 12, 12, 64),
}
OURS, PEERS = "msm", ("transformers BertModel", "x-transformers", "torch TransformerEncoder")
BARS = {"cpu": (2.0, 1.5, 0.5, 10.0, 0.6), "cuda": (2.0, 1.5, 0.45, 2.0, 0.6)}


def recipe_of(device: str, precision: str) -> Recipe:
    width, depth, heads, titles = SIZES[device]
    settings = [f"model.width={width}", f"model.depth={depth}", f"model.heads={heads}", f"batch_windows={titles}"]
    return preset("mediafm").with_settings([*settings, "optim.name=adamw", f"precision={precision}", "steps=1000"])


def make_batch(number: int, titles: int, device: torch.device) -> Batch:
    """Titles of random lengths, padded to the longest; the same for everybody."""
    rng = torch.Generator().manual_seed(number)
    lengths = torch.randint(SHORTEST, LONGEST + 1, (titles,), generator=rng)
    valid = torch.arange(int(lengths.max())) < lengths[:, None]
    shots = F.normalize(torch.randn(*valid.shape, SHOT_DIM, generator=rng), dim=-1) * valid.unsqueeze(-1)
    return Batch(shots, valid, None).to(device)


class Padded(nn.Module):
    """What a user of a padded encoder writes: a projection in, [MASK] at the hidden shots, a projection out."""

    def __init__(self, width: int, encode: Callable[[Tensor, Tensor], Tensor], encoder: nn.Module):
        super().__init__()
        self.shot_in, self.shot_out = nn.Linear(SHOT_DIM, width), nn.Linear(width, SHOT_DIM)
        self.mask_vector = nn.Parameter(torch.zeros(width))
        self.encoder, self._encode = encoder, encode

    def forward(self, shots: Tensor, hidden: Tensor, valid: Tensor) -> Tensor:
        x = torch.where(hidden.unsqueeze(-1), self.mask_vector, self.shot_in(shots * SHOT_DIM**0.5))
        return self.shot_out(self._encode(x, valid))


def bert(width: int, depth: int, heads: int, dropout: float) -> Padded:
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=0.0,
        vocab_size=1,
        pad_token_id=0,
        max_position_embeddings=LONGEST,
        attn_implementation="sdpa",
    )
    model = BertModel(config, add_pooling_layer=False)
    model.embeddings.word_embeddings.requires_grad_(False)

    def encode(x: Tensor, valid: Tensor) -> Tensor:
        return model(inputs_embeds=x, attention_mask=valid.long()).last_hidden_state

    return Padded(width, encode, model)


def x_transformers(width: int, depth: int, heads: int, dropout: float) -> Padded:
    from x_transformers import ContinuousTransformerWrapper, Encoder

    layers = Encoder(
        dim=width,
        depth=depth,
        heads=heads,
        attn_dim_head=width // heads,
        attn_flash=True,
        layer_dropout=0.0,
        ff_dropout=dropout,
    )
    model = ContinuousTransformerWrapper(max_seq_len=LONGEST, attn_layers=layers)
    return Padded(width, lambda x, valid: model(x, mask=valid), model)


def torch_encoder(width: int, depth: int, heads: int, dropout: float) -> Padded:
    layer = nn.TransformerEncoderLayer(
        width, heads, 4 * width, dropout, activation=F.gelu, batch_first=True, norm_first=True
    )
    for attention in (m for m in layer.modules() if isinstance(m, nn.MultiheadAttention)):
        attention.dropout = 0.0
    model = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
    return Padded(width, lambda x, valid: model(x, src_key_padding_mask=~valid), model)


MAKERS = {
    "transformers BertModel": bert,
    "x-transformers": x_transformers,
    "torch TransformerEncoder": torch_encoder,
}
Step = Callable[[Batch, int], None]


def peer_step(name: str, recipe: Recipe, device: torch.device) -> Step:
    cfg = recipe.model
    model = MAKERS[name](cfg.width, cfg.depth, cfg.heads, cfg.dropout).to(device).train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.95), fused=True)
    bf16 = uses_bfloat16(recipe, device)

    def step(batch: Batch, number: int) -> None:
        draw = torch.rand(batch.valid.shape, generator=step_rng(0, "hidden", number)).to(device)
        hidden = (draw < RATIO) & batch.valid
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            predicted = model(batch.shots, hidden, batch.valid)
            loss = cosine_distance(predicted[hidden], batch.shots[hidden])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, recipe.optim.clip_norm)
        optimizer.step()
        loss.item()

    return step


def our_step(recipe: Recipe, device: torch.device) -> Step:
    modalities = (Modality(name="all", start=0, dim=SHOT_DIM, encoder=""),)
    model = ShotEncoder(SHOT_DIM, 0, recipe.model)
    model.init_weights(step_rng(0, "weights", 0))
    objective = make_objective(recipe, model, modalities, step_rng(0, "terms", 0)).to(device)
    model.to(device)
    optimizers = make_optimizers(model, recipe.optim, objective)

    def step(batch: Batch, number: int) -> None:
        on_cpu = Batch(batch.shots, batch.valid.cpu(), None)  # as the reader gives it; the shots are there already
        train_step(model, objective, on_cpu, optimizers, recipe, step_rng(0, "hidden", number), number)

    return step


def make_step(name: str, recipe: Recipe, device: torch.device) -> Step:
    return our_step(recipe, device) if name == OURS else peer_step(name, recipe, device)


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def seconds(work: Callable[[], Any], device: torch.device) -> float:
    wait_for(device)
    began = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - began


def matrix_rate(device: torch.device, bf16: bool) -> float:
    """Floating-point operations a second of one product of big square matrices."""
    size = 3072 if device.type == "cpu" else 8192
    kind = torch.bfloat16 if bf16 else torch.float32
    one, other = (torch.randn(size, size, dtype=kind, device=device) for _ in "ab")
    one @ other
    return 2 * size**3 / min(seconds(lambda: one @ other, device) for _ in range(3))


def operations(recipe: Recipe, lengths: list[int]) -> float:
    """Floating-point operations of the matrix products that one step of ours needs, forward and backward.

    Of the last block, only the keys and values of all tokens are needed; the rest at the hidden shots alone.
    """
    width, depth = recipe.model.width, recipe.model.depth
    total = 0.0
    for n in lengths:
        hidden = RATIO * n
        total += 2 * 2 * n * SHOT_DIM * width + 3 * 2 * hidden * width * SHOT_DIM
        total += 3 * (depth - 1) * (2 * 12 * (n + 2) * width**2 + 4 * (n + 2) ** 2 * width)
        total += 3 * (2 * 2 * (n + 2) * width**2 + 2 * 10 * hidden * width**2 + 4 * hidden * (n + 2) * width)
    return total


def measure_speed(recipe: Recipe, device: torch.device, repeats: int, steps: int) -> dict[str, Any]:
    batches = [make_batch(i, recipe.batch_windows, device) for i in range(steps)]
    lengths = [b.valid.sum(dim=1).tolist() for b in batches]
    shots = sum(map(sum, lengths))
    contestants = {name: make_step(name, recipe, device) for name in (OURS, *PEERS)}
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    rates = []
    for step in contestants.values():
        for i, batch in enumerate(batches):
            step(batch, i)
    for _ in range(repeats):
        rates.append(matrix_rate(device, uses_bfloat16(recipe, device)))
        for name, step in contestants.items():
            taken[name].append(
                seconds(lambda step=step: [step(b, i) for i, b in enumerate(batches)], device)  # type: ignore[misc]
            )
    speed = {name: shots / statistics.median(s) for name, s in taken.items()}
    rate = statistics.median(rates)
    own = sum(operations(recipe, n) for n in lengths) / statistics.median(taken[OURS])
    return {
        "shots_per_s": speed,
        "ratio_of_rounds": {p: [a / b for a, b in zip(taken[p], taken[OURS], strict=True)] for p in PEERS},
        "padding": 1 - shots / sum(b.valid.numel() for b in batches),
        "matrix_rate": rate,
        "share_of_matrix_rate": own / rate,
    }


def peak_memory(name: str, recipe: Recipe, device: torch.device) -> int:
    """Bytes of three steps above what the process held before the model; to be called in a fresh process."""
    batch = make_batch(0, recipe.batch_windows, device)
    torch.ones(64, 64) @ torch.ones(64, 64)
    before = torch.cuda.memory_allocated() if device.type == "cuda" else held("VmRSS")
    step = make_step(name, recipe, device)
    for i in range(3):
        step(batch, i)
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() - before
    return held("VmHWM") - before


def held(key: str) -> int:
    """Bytes of this process alone: getrusage would tell the parent's peak, which a child inherits."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024


def memory_of_each(chosen: argparse.Namespace) -> dict[str, int]:
    """Each in a process of its own, with the same imports."""
    command = [sys.executable, "-m", "benchmarks.train", "--device", chosen.device, "--precision", chosen.precision]
    told = (
        subprocess.run([*command, "--memory-of", name], check=True, capture_output=True, text=True).stdout
        for name in (OURS, *PEERS)
    )
    return dict(zip((OURS, *PEERS), map(int, told), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=list(SIZES), default="cpu")
    parser.add_argument("--precision", choices=["float32", "bfloat16"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2, help="batches of a repeat (default: %(default)s)")
    parser.add_argument("--only-speed", action="store_true", help="print the ratios and write nothing")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    chosen.precision = chosen.precision or ("bfloat16" if chosen.device == "cuda" else "float32")
    try:
        device = pick_device(chosen.device)
    except InputError as error:
        sys.exit(f"{error}; nothing was measured")
    recipe = recipe_of(chosen.device, chosen.precision)
    if chosen.memory_of:
        import transformers  # noqa: F401  # everybody holds the same modules
        import x_transformers as _  # noqa: F401

        print(peak_memory(chosen.memory_of, recipe, device))
        return
    found = measure_speed(recipe, device, chosen.repeats, chosen.steps)
    if chosen.only_speed:
        print(json.dumps(found, indent=1))
        return
    found["peak_memory"] = memory_of_each(chosen)
    with tempfile.TemporaryDirectory() as folder:
        found["loader_shots_per_s"] = train_loader.cold_shots_per_s(Path(folder), recipe)
    write(found, chosen, recipe)


def write(found: dict[str, Any], chosen: argparse.Namespace, recipe: Recipe) -> None:
    path = RESULTS / "train.json"
    before = files.read_json(path)["columns"] if path.exists() else {}
    cfg = recipe.model
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads"
    column = {
        "command": f"python -m benchmarks.train --device {chosen.device} --precision {chosen.precision} "
        f"--repeats {chosen.repeats} --steps {chosen.steps}",
        "date": datetime.date.today().isoformat(),
        "machine": torch.cuda.get_device_name() if chosen.device == "cuda" else machine,
        "versions": {p: version(p) for p in ("torch", "transformers", "x-transformers")},
        "what": f"width {cfg.width}, depth {cfg.depth}, {cfg.heads} heads, {chosen.precision}, "
        f"{recipe.batch_windows} titles a batch",
        **found,
    }
    document = {"columns": {**before, f"{chosen.device} {chosen.precision}": column}}
    files.write_json(path, document)
    path.with_suffix(".md").write_text(markdown(document), encoding="utf-8")
    print(markdown(document))


def ratios(column: dict[str, Any]) -> list[tuple[str, float]]:
    speed, memory = column["shots_per_s"], column["peak_memory"]
    return [
        ("shots a second against padded `BertModel`", speed[OURS] / speed[PEERS[0]]),
        ("against x-transformers", speed[OURS] / speed[PEERS[1]]),
        ("against `torch.nn.TransformerEncoder`", speed[OURS] / speed[PEERS[2]]),
        ("share of the matrix rate measured in the same run", column["share_of_matrix_rate"]),
        ("loader alone, from a cold map, against what training eats", column["loader_shots_per_s"] / speed[OURS]),
        ("peak memory against padded `BertModel`", memory[OURS] / memory[PEERS[0]]),
    ]


def markdown(document: dict[str, Any]) -> str:
    lines = ["# Training speed and memory, beside padded encoders", ""]
    lines += [" ".join((__doc__ or "").split("\n\n")[2].split("\n")), ""]
    for name, column in document["columns"].items():
        bars = BARS[name.split()[0]]
        wanted = [f"≥ {bars[0]}", f"≥ {bars[1]}", "", f"≥ {bars[2]}", f"≥ {bars[3]:g}", f"≤ {bars[4]}"]
        lines += [f"## {name}", "", f"    {column['command']}", ""]
        versions = ", ".join(f"{p} {v}" for p, v in column["versions"].items())
        lines += [f"{column['date']}, {column['machine']}; {versions}. {column['what']}.", ""]
        lines += ["| what | measured | must reach |", "| --- | --- | --- |"]
        lines += [f"| {what} | {r:.2f} | {bar} |" for (what, r), bar in zip(ratios(column), wanted, strict=True)]
        lines += ["", "| encoder | shots a second | peak memory, MB |", "| --- | --- | --- |"]
        for encoder, speed in column["shots_per_s"].items():
            lines.append(f"| {encoder} | {speed:,.0f} | {column['peak_memory'][encoder] / 2**20:,.0f} |")
        lines += ["", f"{column['padding']:.0%} of the padded tables is padding. Matrix rate: "]
        lines[-1] += (
            f"{column['matrix_rate'] / 1e9:,.0f} GFLOP/s. Loader: {column['loader_shots_per_s']:,.0f} shots/s.\n"
        )
    if not any(name.startswith("cuda") for name in document["columns"]):
        lines += ["The GPU column is **not measured**: `python -m benchmarks.train --device cuda` makes it.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
