# What the paper says of trained offsets. Asked for by name: `./run snakemake --cores all results/mini/offsets.csv`.

ON_OFFSETS = [
    claim for claim in paper.claims().values() if claim.decided_by == "offsets"
]
OFFSETS_OF = [
    variant
    for variant in CHOSEN
    if any(variant in claim.contrast for claim in ON_OFFSETS)
]


rule offsets:
    input:
        configs=expand(
            rules.resolve.output, variant=OFFSETS_OF, seed=SEEDS, allow_missing=True
        ),
        weights=expand(
            rules.train.output.weights,
            variant=OFFSETS_OF,
            seed=SEEDS,
            allow_missing=True,
        ),
        records=expand(
            rules.train.output.record,
            variant=OFFSETS_OF,
            seed=SEEDS,
            allow_missing=True,
        ),
    output:
        table="results/{preset}/offsets.csv",
        picture="results/{preset}/offsets.png",
    log:
        "results/{preset}/offsets.log",
    benchmark:
        "results/{preset}/offsets.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        trainings=lambda wildcards, input: [
            str(Path(weights).parent) for weights in input.weights
        ],
    message:
        "Measuring the offsets of {wildcards.preset}"
    shell:
        "python -m mmpose_ssn offsets --preset {wildcards.preset} --trainings {params.trainings} --out {output.table}"
        " 2>&1 | tee {log}"
