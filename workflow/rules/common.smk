import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

import mmpose_ssn
from mmpose_ssn import paper
from mmpose_ssn.claims import claims, orderings
from mmpose_ssn.experiment.data_sets import DATA_SETS
from mmpose_ssn.experiment.plan import relative_cost, write_plans
from mmpose_ssn.experiment.presets import is_meaningless, load_preset
from mmpose_ssn.experiment.resolved_config import digest, resolve
from mmpose_ssn.networks import (
    MEAN_POSE,
    configs_folder,
    networks,
    networks_of,
    of_groups,
    shown_on,
    split_run,
)

SCHEMA = Path(workflow.current_basedir) / "../schemas/config.schema.yaml"

# What is trained unless somebody asks for something else: the networks of Table 1 with a printed AP, and those controls of ours
# that the ledger shows.
ASSERTED = of_groups("asserted")
DEFAULT = [name for name in shown_on("claims") if name not in ASSERTED]


def listed(value):
    """A list, from a list or tuple, a single value, or a string with commas."""
    return (
        value.split(",")
        if isinstance(value, str)
        else [*value] if isinstance(value, (list, tuple)) else [value]
    )


def expect_known(what, got, known):
    if unknown := [str(item) for item in got if item not in known]:
        raise WorkflowError(
            f"unknown {what} {', '.join(unknown)}; expected of: {', '.join(known)}"
        )


def chosen():
    """The configuration's preset, networks and seeds, checked."""
    expect_known(
        "configuration key", config, yaml.safe_load(SCHEMA.read_text())["properties"]
    )
    for key in ("networks", "seeds"):
        if isinstance(config.get(key), tuple):  # --config seeds=0,1
            config[key] = list(config[key])
    validate(config, str(SCHEMA))
    try:
        preset = load_preset(config["preset"])
    except ValueError as error:
        raise WorkflowError(str(error))
    runs = (
        preset.get("networks", DEFAULT)
        if config["networks"] == "all"
        else [str(item).strip() for item in listed(config["networks"])]
    )
    # SSN at 384x288, the one network of the paper without a printed AP on val2017, has no form of its own where all crops have
    # one size.
    larger = [name for name, row in paper.table1().items() if row.ap is None]
    known = [
        run
        for one in networks().values()
        if one.config and (not preset.get("network") or one.id not in larger)
        for run in one.runs
    ]
    expect_known("network", runs, known)
    for name in networks_of(runs):
        if not networks()[name].can_be_built:
            raise WorkflowError(
                f"{name} needs {networks()[name].package}, which is not installed"
            )
    seeds = None
    if config["seeds"] is not None:
        seeds = [str(item).strip() for item in listed(config["seeds"])]
        if not seeds or not all(re.fullmatch("[0-9]+", seed) for seed in seeds):
            raise WorkflowError(
                f"got seeds {config['seeds']!r}; expected whole numbers from 0, such as 0,1,2"
            )
        seeds = [int(seed) for seed in seeds]
    return config["preset"], runs, seeds


PRESET, CHOSEN, ASKED_SEEDS = chosen()
# In place of the wildcards of a rule whose output names its preset.
OF_PRESET = SimpleNamespace(preset=PRESET)


def seeds_of(run):
    """The seeds to train a run with: those that are asked for, or else the preset's."""
    return ASKED_SEEDS or list(load_preset(PRESET).seeds_of(run))


# Table 1 shows what the preset decides, as orderings.
expect_known(
    "ordering in the preset's `primary`",
    map(" less ".join, load_preset(PRESET).primary or ()),
    [f"{one.higher} less {one.lower}" for one in orderings().values()],
)
# The seed of what needs one training of the first network, whichever it is.
SEED = seeds_of(CHOSEN[0])[0]


# What the preset puts beside the chosen networks on the page of baselines.
BESIDE = load_preset(PRESET).get("compared", []) if config["networks"] == "all" else []
expect_known("network in the preset's `compared`", BESIDE, shown_on("baselines"))


def can_show(page):
    """The runs with trainings that a page can show; learning curves and joints are those of Table 1's."""
    shown = shown_on("table1" if page in ("curves", "joints") else page)
    return [run for run in shown if run != MEAN_POSE]


def chosen_for(page):
    """The runs that a page shows: of the chosen ones those that have a place there, and on that of baselines more."""
    beside = BESIDE if page == "baselines" else []
    return [run for run in [*CHOSEN, *beside] if run in can_show(page)]


# Networks and seeds that only the ledger of claims asks for.
FOR_CLAIMS_ALONE = [
    (name, seed)
    for name in ASSERTED
    for seed in load_preset(PRESET).get("asserted_seeds", [])
    if name not in CHOSEN and seed in seeds_of(name) and config["networks"] == "all"
]


def own_checkpoints():
    """The configuration's checkpoints by run, checked."""
    got = config["checkpoints"] or {}
    if isinstance(got, (str, tuple)):  # --config checkpoints=ssn=a.pth,lite-k256=b.pth
        pairs = [item.partition("=") for item in listed(got)]
        got = {run.strip(): file.strip() for run, _, file in pairs}
    expect_known("network of a checkpoint", got, CHOSEN)
    for run, file in got.items():
        if not Path(file).is_file():
            raise WorkflowError(f"the checkpoint of {run} is not there: {file!r}")
    for run in got:
        if len(seeds_of(run)) > 1:
            raise WorkflowError(
                f"checkpoints stand in for one training each, but {run} has {len(seeds_of(run))} seeds"
            )
    return got


CHECKPOINTS = own_checkpoints()


# A run is a network, and after a slash a recipe that is not the common one.
wildcard_constraints:
    preset="[a-z-]+",
    run="|".join(run for one in networks().values() if one.config for run in one.runs),
    network="|".join(
        name for name, row in paper.table3().items() if row.citation is None
    ),
    seed="[0-9]+",
    rate="[0-9.e-]+",


def is_small(preset):
    """Whether a preset's networks are smaller than the paper's: these train side by side, one thread each."""
    return load_preset(preset).get("network") is not None


def limit_of(preset):
    """How many photos of each split a preset takes; None for all."""
    preset = load_preset(preset)
    return preset.get(preset["data"], {}).get("limit")


def users_root(wildcards):
    """The folder that a user has the preset's data in; None where the workflow makes it."""
    return config.get(DATA_SETS[load_preset(wildcards.preset)["data"]].root_key)


def data_root(wildcards):
    """The folder that the preset's networks are trained on: the user's, or one that is made for the preset alone."""
    if limit_of(wildcards.preset):
        return f"data/limited/{wildcards.preset}"
    return users_root(wildcards) or f"data/drawn/{wildcards.preset}"


def data_ready(wildcards):
    """The file that says that the preset's data is in place."""
    root = data_root(wildcards)
    return (
        f"results/{wildcards.preset}/{load_preset(wildcards.preset)['data']}.json"
        if root == users_root(wildcards)
        else f"{root}/manifest.json"
    )


def draw_options(wildcards):
    drawn = load_preset(wildcards.preset)["drawn"]
    size = "x".join(map(str, drawn["image_size"]))
    counts = " ".join(f"--{split} {drawn[split]}" for split in ("train", "tune", "val"))
    return f"{counts} --image-size {size} --seed {drawn['seed']}"


def config_digest(wildcards, seed=None, split=None):
    seed = int(wildcards.seed) if seed is None else seed
    network, recipe = split_run(wildcards.run)
    root = data_root(wildcards)
    return resolved_digest(wildcards.preset, network, seed, root, split, recipe)


@cache  # a config is put together in some 50 ms, and training and scoring ask for the same one
def resolved_digest(preset, network, seed, root, split, recipe):
    preset, root = load_preset(preset), Path(root)
    return digest(resolve(preset, network, seed, root, split, config["trunk"], recipe))


def all_cores(wildcards):
    # Not the number itself: where a rule is read `snakemake --unlock` has none.
    return workflow.cores


def threads_of_a_training(wildcards):
    # A full-size one takes the machine.
    return 1 if is_small(wildcards.preset) else workflow.cores


def cost_of_a_training(wildcards):
    # The longest first, so that none of them is left to run alone at the end.
    return round(1000 * relative_cost(load_preset(wildcards.preset), wildcards.run))


PLAN = f"results/{PRESET}/plan.json"


def write_training_plan():
    """Write down which trainings go together, so that each can say how long all of them will take."""
    preset = load_preset(PRESET)
    side_by_side = workflow.cores if is_small(PRESET) else 1
    beside = [run for run in BESIDE if run not in CHOSEN]
    groups = trainings_of(CHOSEN), trainings_of(beside), FOR_CLAIMS_ALONE
    plans = [
        {
            Path(f"results/{PRESET}/{run}/seed{seed}"): relative_cost(preset, run)
            for run, seed in trainings
        }
        for trainings in groups
    ]
    write_plans(Path(PLAN), plans, side_by_side)


def trial_scores(wildcards):
    trials = load_preset(wildcards.preset).get("trials")
    if trials is None:
        raise WorkflowError(f"the preset {wildcards.preset} has no trials")
    return expand(
        "results/{preset}/trials/{run}/rate{rate}/scores.json",
        preset=wildcards.preset,
        run=trials["networks"],
        rate=trials["rates"],
    )


def trainings_of(runs):
    """Some runs, each with every one of its seeds."""
    return [(run, seed) for run in runs for seed in seeds_of(run)]


def behind(page):
    """The trainings that a page rests on: those that it shows, and those of Table 1, which tell spreads and the bound."""
    return trainings_of(dict.fromkeys([*chosen_for(page), *chosen_for("table1")]))


def of_trainings(output, trainings, preset=PRESET):
    """The files of some trainings, as an output names them."""
    return [
        file
        for run, seed in trainings
        for file in expand(output, preset=preset, run=run, seed=seed)
    ]


def scored(page, field="scores"):
    """The scores, or another output of scoring, of the trainings that a page rests on."""
    return of_trainings(rules.evaluate.output[field], behind(page))


def only(page, *others):
    """The option that has a page show these trainings and no others; refused where the page shows none of the chosen."""

    def option(wildcards):
        metric = load_preset(PRESET).metric
        if page == "joints" and not metric.startswith("PCK"):
            raise WorkflowError(
                f"the preset {PRESET} is scored by {metric}, which is of whole people; joint by joint is PCK, as of photos"
            )
        if not chosen_for(page):
            raise WorkflowError(
                f"the page {page} shows none of the chosen networks; it can show: "
                + ", ".join(can_show(page))
            )
        trainings = [f"{run}/seed{seed}" for run, seed in behind(page)]
        return "--only " + " ".join([*trainings, *others])

    return option


def only_shown(page):
    """The option that has a page show the chosen trainings that it can show; refused where there are none."""

    def option(wildcards):
        if not chosen_for(page):
            raise WorkflowError(
                f"the page {page} shows none of the chosen networks; it can show: "
                + ", ".join(can_show(page))
            )
        trainings = trainings_of(chosen_for(page))
        return "--only " + " ".join(f"{run}/seed{seed}" for run, seed in trainings)

    return option
