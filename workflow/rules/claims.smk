# The ledger: every claim of the paper, decided by the chosen preset's trainings as far as they go.


rule claims:
    input:
        costs=rules.complexity.output.claims,
        scores=expand(
            rules.evaluate.output.scores, preset=PRESET, variant=CLAIMED, seed=SEEDS
        )
        + expand(rules.evaluate.output.scores, preset=PRESET, **ASSERTED_RUNS),
        predictions=expand(
            rules.evaluate.output.predictions,
            preset=PRESET,
            variant=CLAIMED,
            seed=SEEDS,
        )
        + expand(rules.evaluate.output.predictions, preset=PRESET, **ASSERTED_RUNS),
        offsets=expand(rules.offsets.output.table, preset=PRESET),
    output:
        multiext("results/claims", ".md", ".csv"),
    log:
        "results/claims.log",
    benchmark:
        "results/claims.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
        prefix=subpath(output[0], strip_suffix=".md"),
        annotations=val_annotations(OF_PRESET),
    message:
        "Holding the claims of the paper against the preset {params.preset}"
    shell:
        "python -m mmpose_ssn claims --preset {params.preset} --annotations {params.annotations} --costs {input.costs}"
        " --offsets {input.offsets} --scores {input.scores} --out {params.prefix} 2>&1 | tee {log}"
