rule complexity:
    input:
        configs=sorted(map(str, configs_folder().glob("*/*.py"))),
    output:
        "results/complexity.csv",
    log:
        "results/complexity.log",
    benchmark:
        "results/complexity.benchmark.tsv"
    conda:
        "../../environment.yml"
    message:
        "Counting parameters and FLOPs of the full-size networks"
    shell:
        "python -m mmpose_ssn complexity --out {output} 2>&1 | tee {log}"


rule table1:
    input:
        complexity=rules.complexity.output,
        scores=expand(
            rules.evaluate.output.scores, preset=PRESET, variant=CHOSEN, seed=SEEDS
        ),
    output:
        multiext("results/table1", ".md", ".csv", ".tex"),
    log:
        "results/table1.log",
    benchmark:
        "results/table1.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
        prefix=subpath(output[0], strip_suffix=".md"),
    message:
        "Rendering Table 1 of the preset {params.preset}"
    shell:
        "python -m mmpose_ssn table --preset {params.preset} --complexity {input.complexity} --scores {input.scores}"
        " --out {params.prefix} 2>&1 | tee {log}"
