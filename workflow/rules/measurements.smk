# What is counted, timed and measured beside the trainings.

# A run of the machinery times the networks shortly.
SECONDS = 1 if is_meaningless(PRESET) else 30


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
            rules.resolve.output, run=CHOSEN[0], seed=SEED, allow_missing=True
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
        "OMP_NUM_THREADS={threads} python -m mmpose_ssn evaluate {input.config} --mean-pose --out {output.scores}"
        " --log {log}"


# Nothing else may run while networks are timed.
rule latency:
    input:
        configs=rules.complexity.input.configs,
    output:
        "results/latency.csv",
    log:
        "results/latency.log",
    benchmark:
        "results/latency.benchmark.tsv"
    conda:
        "../../environment.yml"
    threads: all_cores
    params:
        seconds=SECONDS,
    message:
        "Timing the full-size networks"
    shell:
        "python -m mmpose_ssn latency --seconds {params.seconds} --out {output} 2>&1 | tee {log}"


rule latency_of_preset:
    output:
        "results/{preset}/latency.csv",
    log:
        "results/{preset}/latency.log",
    benchmark:
        "results/{preset}/latency.benchmark.tsv"
    conda:
        "../../environment.yml"
    threads: all_cores
    params:
        seconds=SECONDS,
        networks=networks_of(chosen_for("baselines")),
        digests=lambda wildcards: [
            config_digest(SimpleNamespace(preset=PRESET, run=name), SEED)
            for name in networks_of(chosen_for("baselines"))
        ],
    message:
        "Timing the networks of {wildcards.preset}"
    shell:
        "python -m mmpose_ssn latency --preset {wildcards.preset} --networks {params.networks}"
        " --seconds {params.seconds} --out {output} 2>&1 | tee {log}"


# What the paper says of trained offsets.
OFFSETS_OF = [
    run
    for run in CHOSEN
    if any(
        run in claim.contrast
        for claim in claims().values()
        if claim.decided_by == "offsets"
    )
]


rule offsets:
    input:
        configs=of_trainings(rules.resolve.output, trainings_of(OFFSETS_OF), "{preset}"),
        weights=of_trainings(
            rules.train.output.weights, trainings_of(OFFSETS_OF), "{preset}"
        ),
        records=of_trainings(
            rules.train.output.record, trainings_of(OFFSETS_OF), "{preset}"
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


# What Figures 5 to 7 show of a training. A network with few channels is looked into on more people than the paper's, which take longer.
ANALYSED_PEOPLE = 8 if is_meaningless(PRESET) else 256 if is_small(PRESET) else 32


rule analyse:
    input:
        config=rules.resolve.output,
        weights=rules.train.output.weights,
        record=rules.train.output.record,
        data=data_ready,
    output:
        numbers="results/{preset}/{run}/seed{seed}/analysis.json",
        arrays="results/{preset}/{run}/seed{seed}/analysis.npz",
    log:
        "results/{preset}/{run}/seed{seed}/analyse.log",
    benchmark:
        "results/{preset}/{run}/seed{seed}/analyse.benchmark.tsv"
    conda:
        "../../environment.yml"
    threads: threads_of_a_training
    params:
        people=ANALYSED_PEOPLE,
    message:
        "Looking into {wildcards.preset}/{wildcards.run} seed {wildcards.seed}"
    shell:
        "OMP_NUM_THREADS={threads} python -m mmpose_ssn analyse {input.config} --weights {input.weights}"
        " --images {params.people} --out {output.numbers} --log {log}"


# One checkpoint shows what each setting of the protocol does.
PROTOCOLS_OF = "ssn" if "ssn" in CHOSEN else CHOSEN[0]
PROTOCOLS_TRAINING = {
    "preset": PRESET,
    "run": PROTOCOLS_OF,
    "seed": seeds_of(PROTOCOLS_OF)[0],
}


rule test_under_protocols:
    input:
        config=expand(rules.resolve.output, **PROTOCOLS_TRAINING),
        weights=expand(rules.train.output.weights, **PROTOCOLS_TRAINING),
        record=expand(rules.train.output.record, **PROTOCOLS_TRAINING),
        protocols=str(configs_folder() / "protocols.yaml"),
    output:
        table="results/protocols.csv",
        detections=directory("results/protocols"),
    log:
        "results/test_under_protocols.log",
    benchmark:
        "results/test_under_protocols.benchmark.tsv"
    conda:
        "../../environment.yml"
    threads: all_cores
    params:
        run=PROTOCOLS_OF,
    message:
        "Testing {params.run} under every protocol"
    shell:
        "OMP_NUM_THREADS={threads} python -m mmpose_ssn protocols {input.config} --weights {input.weights}"
        " --protocols {input.protocols} --out {output.table} --log {log}"
