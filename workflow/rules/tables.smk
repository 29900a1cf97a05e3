rule complexity:
    input:
        configs=sorted(map(str, configs_folder().glob("*/*.py"))),
    output:
        costs="results/complexity.csv",
        claims="results/cost-claims.csv",
        compared="results/compared-costs.csv",
    log:
        "results/complexity.log",
    benchmark:
        "results/complexity.benchmark.tsv"
    conda:
        "../../environment.yml"
    message:
        "Counting parameters and FLOPs of the full-size networks"
    shell:
        "python -m mmpose_ssn complexity --out {output.costs} --claims {output.claims}"
        " --compared {output.compared} 2>&1 | tee {log}"


# Any of the preset's configs says what the mean pose needs: the data, and the protocol that all networks share.
rule mean_pose:
    input:
        config=expand(
            rules.resolve.output, variant=CHOSEN[0], seed=SEEDS[0], allow_missing=True
        ),
        data=data_ready,
    output:
        scores="results/{preset}/mean-pose/scores.json",
        predictions=directory("results/{preset}/mean-pose/predictions"),
    log:
        "results/{preset}/mean-pose/mean-pose.log",
    benchmark:
        "results/{preset}/mean-pose/mean-pose.benchmark.tsv"
    conda:
        "../../environment.yml"
    message:
        "Scoring the mean pose of {wildcards.preset}"
    shell:
        "OMP_NUM_THREADS={threads} python -m mmpose_ssn mean-pose {input.config} --out {output.scores} --log {log}"


rule compare:
    input:
        scores=expand(
            rules.evaluate.output.scores,
            variant=TABULATED,
            seed=SEEDS,
            allow_missing=True,
        ),
        predictions=expand(
            rules.evaluate.output.predictions,
            variant=TABULATED,
            seed=SEEDS,
            allow_missing=True,
        ),
        data=data_ready,
    output:
        "results/{preset}/orderings.csv",
    log:
        "results/{preset}/orderings.log",
    benchmark:
        "results/{preset}/orderings.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        annotations=val_annotations,
    message:
        "Comparing the networks of {wildcards.preset} in pairs"
    shell:
        "python -m mmpose_ssn compare --preset {wildcards.preset} --annotations {params.annotations}"
        " --scores {input.scores} --out {output} 2>&1 | tee {log}"


rule table1:
    input:
        complexity=rules.complexity.output.costs,
        scores=expand(
            rules.evaluate.output.scores,
            preset=PRESET,
            variant=TABULATED,
            seed=SEEDS,
        ),
        mean_pose=expand(rules.mean_pose.output.scores, preset=PRESET),
        orderings=expand(rules.compare.output, preset=PRESET),
    output:
        multiext("results/table1", ".md", ".csv", "-orderings.csv", ".tex"),
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
        " {input.mean_pose} --orderings {input.orderings} --out {params.prefix} 2>&1 | tee {log}"


# Asked for by name: `./run snakemake --cores all results/mini/curves.csv`.
rule curves:
    input:
        records=expand(
            rules.train.output.record,
            variant=CHOSEN,
            seed=SEEDS,
            allow_missing=True,
        ),
    output:
        multiext("results/{preset}/curves", ".csv", ".png"),
    log:
        "results/{preset}/curves.log",
    benchmark:
        "results/{preset}/curves.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        trainings=lambda wildcards, input: [
            str(Path(record).parent) for record in input.records
        ],
        prefix=subpath(output[0], strip_suffix=".csv"),
        title=lambda wildcards: load_preset(wildcards.preset)["title"],
    message:
        "Drawing the learning curves of {wildcards.preset}"
    shell:
        "python -m mmpose_ssn curves --trainings {params.trainings} --title {params.title:q} --out {params.prefix}"
        " 2>&1 | tee {log}"


# Asked for by name: `./run snakemake --cores all results/protocol.md`. One checkpoint shows what each setting does.
PROTOCOLS_OF = "ssn" if "ssn" in CHOSEN else CHOSEN[0]


rule protocols:
    input:
        config=expand(
            rules.resolve.output, preset=PRESET, variant=PROTOCOLS_OF, seed=SEEDS[0]
        ),
        weights=expand(
            rules.train.output.weights,
            preset=PRESET,
            variant=PROTOCOLS_OF,
            seed=SEEDS[0],
        ),
        record=expand(
            rules.train.output.record,
            preset=PRESET,
            variant=PROTOCOLS_OF,
            seed=SEEDS[0],
        ),
        protocols=str(configs_folder() / "protocols.yaml"),
    output:
        multiext("results/protocol", ".md", ".csv"),
        detections=directory("results/protocol"),
    log:
        "results/protocol.log",
    benchmark:
        "results/protocol.benchmark.tsv"
    conda:
        "../../environment.yml"
    threads: all_cores
    params:
        prefix=subpath(output[0], strip_suffix=".md"),
        variant=PROTOCOLS_OF,
    message:
        "Testing {params.variant} under every protocol"
    shell:
        "OMP_NUM_THREADS={threads} python -m mmpose_ssn protocols {input.config} --weights {input.weights}"
        " --protocols {input.protocols} --out {params.prefix} --log {log}"
