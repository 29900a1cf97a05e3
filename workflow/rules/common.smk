import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

from mmpose_ssn import paper
from mmpose_ssn.experiment.plan import relative_cost, write_plans
from mmpose_ssn.experiment.presets import is_meaningless, load_preset
from mmpose_ssn.experiment.resolve import digest, resolve
from mmpose_ssn.report.baselines import SHOWN
from mmpose_ssn.variants import (
    ALTERNATIVES,
    ASSERTED,
    BASELINES,
    CONTROLS,
    OWN_RECIPE,
    VARIANTS,
    configs_folder,
)

SCHEMA = Path(workflow.current_basedir) / "../schemas/config.schema.yaml"

# Those with a printed AP on val2017; the other one of Table 1 is there for its cost.
TRAINED = [variant for variant, row in paper.table1().items() if row.ap is not None]
TRAINED += CONTROLS

# MMPose's networks, under the common recipe and under their own, and what could stand in the modules' place.
COMPARED = [name + suffix for name in BASELINES for suffix in ("", OWN_RECIPE)]
COMPARED += ALTERNATIVES


def listed(value):
    """A list, from a list or tuple, a single value, or a string with commas."""
    return (
        value.split(",")
        if isinstance(value, str)
        else [*value] if isinstance(value, (list, tuple)) else [value]
    )


def refuse_strangers(what, got, known):
    if strangers := [str(item) for item in got if item not in known]:
        raise WorkflowError(
            f"unknown {what} {', '.join(strangers)}; expected of: {', '.join(known)}"
        )


def chosen():
    """The configuration's preset, variants and seeds, checked."""
    refuse_strangers(
        "configuration key", config, yaml.safe_load(SCHEMA.read_text())["properties"]
    )
    for key in ("variants", "seeds"):
        if isinstance(config.get(key), tuple):  # --config seeds=0,1
            config[key] = list(config[key])
    validate(config, str(SCHEMA))
    try:
        preset = load_preset(config["preset"])
    except ValueError as error:
        raise WorkflowError(str(error))
    variants = (
        TRAINED
        if config["variants"] == "all"
        else [str(item).strip() for item in listed(config["variants"])]
    )
    # Asked for by name: what the paper asserts of networks that it does not tabulate, what it is compared with, and SSN at
    # 384x288, which has no form of its own in a preset with one size of crop for all.
    known = TRAINED + [*ASSERTED, *COMPARED]
    known += [v for v in VARIANTS if preset["data"] == "coco" and v not in TRAINED]
    refuse_strangers("variant", variants, known)
    seeds = preset.get("seeds", [0]) if config["seeds"] is None else config["seeds"]
    seeds = [str(item).strip() for item in listed(seeds)]
    if not seeds or not all(re.fullmatch("[0-9]+", seed) for seed in seeds):
        raise WorkflowError(
            f"got seeds {config['seeds']!r}; expected whole numbers from 0, such as 0,1,2"
        )
    return config["preset"], variants, [int(seed) for seed in seeds]


PRESET, CHOSEN, SEEDS = chosen()
CLAIMED = [variant for variant in CHOSEN if variant not in COMPARED]
TABULATED = [variant for variant in CLAIMED if variant not in ASSERTED]


# What the page of baselines shows: of the chosen ones those that have a place there, and what the preset puts beside them.
BESIDE = [variant for variant in CHOSEN if variant in SHOWN]
if config["variants"] == "all":
    BESIDE += load_preset(PRESET).get("compared", [])
    refuse_strangers("variant in the preset's `compared`", BESIDE, SHOWN)


def networks_beside(wildcards):
    """Those of the page of baselines, once each whatever its recipes."""
    if not BESIDE:
        raise WorkflowError(
            f"the page of baselines shows none of the chosen variants; it can show: {', '.join(SHOWN)}"
        )
    return list(dict.fromkeys(name.removesuffix(OWN_RECIPE) for name in BESIDE))


# Networks and seeds that only the ledger of claims asks for.
ASSERTED_RUNS = {
    "variant": [name for name in ASSERTED if name not in CHOSEN],
    "seed": [
        seed
        for seed in load_preset(PRESET).get("asserted_seeds", [])
        if seed in SEEDS and config["variants"] == "all"
    ],
}


def own_checkpoints():
    """The configuration's checkpoints by variant, checked."""
    got = config["checkpoints"] or {}
    if isinstance(got, (str, tuple)):  # --config checkpoints=ssn=a.pth,lite-k256=b.pth
        pairs = [item.partition("=") for item in listed(got)]
        got = {variant.strip(): file.strip() for variant, _, file in pairs}
    refuse_strangers("variant of a checkpoint", got, CHOSEN)
    for variant, file in got.items():
        if not Path(file).is_file():
            raise WorkflowError(f"the checkpoint of {variant} is not there: {file!r}")
    if got and len(SEEDS) > 1:
        raise WorkflowError(
            f"checkpoints stand in for one training each, but there are {len(SEEDS)} seeds"
        )
    return got


CHECKPOINTS = own_checkpoints()


wildcard_constraints:
    preset="[a-z]+",
    variant="|".join([*VARIANTS, *CONTROLS, *ASSERTED, *COMPARED]),
    seed="[0-9]+",
    rate="[0-9.e-]+",


def is_drawn(wildcards):
    return load_preset(wildcards.preset)["data"] == "drawn"


def data_root(wildcards):
    return (
        f"data/drawn/{wildcards.preset}" if is_drawn(wildcards) else config["coco_root"]
    )


def data_ready(wildcards):
    """The file that says that the preset's data is in place."""
    return (
        f"{data_root(wildcards)}/manifest.json"
        if is_drawn(wildcards)
        else f"results/{wildcards.preset}/coco.json"
    )


def val_annotations(wildcards):
    split = "val" if is_drawn(wildcards) else "val2017"
    return f"{data_root(wildcards)}/annotations/person_keypoints_{split}.json"


def draw_options(wildcards):
    drawn = load_preset(wildcards.preset)["drawn"]
    size = "x".join(map(str, drawn["image_size"]))
    counts = " ".join(f"--{split} {drawn[split]}" for split in ("train", "tune", "val"))
    return f"{counts} --image-size {size} --seed {drawn['seed']}"


def config_digest(wildcards, seed=None, split="val"):
    seed = int(wildcards.seed) if seed is None else seed
    network, recipe = network_and_recipe(wildcards)
    root = data_root(wildcards)
    return resolved_digest(wildcards.preset, network, seed, root, split, recipe)


@cache  # a config is put together in some 50 ms, and training and scoring ask for the same one
def resolved_digest(preset, network, seed, root, split, recipe):
    preset, root = load_preset(preset), Path(root)
    return digest(resolve(preset, network, seed, root, split, config["trunk"], recipe))


def network_and_recipe(wildcards):
    """A variant's network, and the recipe that its suffix names."""
    network = wildcards.variant.removesuffix(OWN_RECIPE)
    return network, "common" if network == wildcards.variant else "own"


TRIAL_SEED = 1000  # of no training that is reported


def trial_scores(wildcards):
    trials = load_preset(wildcards.preset).get("trials")
    if trials is None:
        raise WorkflowError(f"the preset {wildcards.preset} has no trials")
    return expand(
        "results/{preset}/trials/{variant}/rate{rate}/scores.json",
        preset=wildcards.preset,
        variant=trials["variants"],
        rate=trials["rates"],
    )


def all_cores(wildcards):
    # Not the number itself: where a rule is read `snakemake --unlock` has none.
    return workflow.cores


def threads_of_a_training(wildcards):
    # Small trainings run side by side, one thread each; a full-size one takes the machine.
    return 1 if is_drawn(wildcards) else workflow.cores


def cost_of_a_training(wildcards):
    # The longest first, so that none of them is left to run alone at the end.
    return round(1000 * relative_cost(load_preset(wildcards.preset), wildcards.variant))


PLAN = f"results/{PRESET}/plan.json"


def tell_of_each_other():
    """Write down the trainings that go together, for the time that they will take."""
    preset = load_preset(PRESET)
    side_by_side = workflow.cores if preset["data"] == "drawn" else 1
    beside = [name for name in BESIDE if name not in CHOSEN]
    groups = (CHOSEN, SEEDS), (beside, SEEDS), ASSERTED_RUNS.values()
    plans = [
        {
            Path(f"results/{PRESET}/{variant}/seed{seed}"): relative_cost(
                preset, variant
            )
            for variant in variants
            for seed in seeds
        }
        for variants, seeds in groups
    ]
    write_plans(Path(PLAN), plans, side_by_side)
