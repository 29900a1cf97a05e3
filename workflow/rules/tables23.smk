from mmpose_ssn.report.table2 import EXTENSION

OF_TABLE2 = [v for v in CHOSEN if v in (*paper.table2(), *EXTENSION)]
# In place of the wildcards of a rule whose output names its preset.
OF_PRESET = SimpleNamespace(preset=PRESET)


# Asked for by name: `./run snakemake --cores all results/table2.md`. It trains nothing that Table 1 does not.
rule table2:
    input:
        complexity=rules.complexity.output.costs,
        configs=expand(
            rules.resolve.output, preset=PRESET, variant=OF_TABLE2, seed=SEEDS
        ),
        scores=expand(
            rules.evaluate.output.scores, preset=PRESET, variant=OF_TABLE2, seed=SEEDS
        ),
        predictions=expand(
            rules.evaluate.output.predictions,
            preset=PRESET,
            variant=OF_TABLE2,
            seed=SEEDS,
        ),
        data=data_ready(OF_PRESET),
    output:
        multiext("results/table2", ".md", ".csv", "-gains.csv", ".tex", ".png"),
    log:
        "results/table2.log",
    benchmark:
        "results/table2.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
        annotations=val_annotations(OF_PRESET),
        prefix=subpath(output[0], strip_suffix=".md"),
    message:
        "Rendering Table 2 of the preset {params.preset}"
    shell:
        "python -m mmpose_ssn table2 --preset {params.preset} --complexity {input.complexity}"
        " --annotations {params.annotations} --scores {input.scores} --out {params.prefix} 2>&1 | tee {log}"


# Asked for by name: `./run snakemake --cores 1 results/table3.md`. It trains nothing: only COCO's server can fill it.
rule table3:
    input:
        complexity=rules.complexity.output.costs,
        server=sorted(map(str, Path("results/test-dev").glob("*/server.json"))),
    output:
        multiext("results/table3", ".md", ".csv", ".tex"),
    log:
        "results/table3.log",
    benchmark:
        "results/table3.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        prefix=subpath(output[0], strip_suffix=".md"),
    message:
        "Rendering Table 3"
    shell:
        "python -m mmpose_ssn table3 --complexity {input.complexity} --server {input.server} --out {params.prefix}"
        " 2>&1 | tee {log}"
