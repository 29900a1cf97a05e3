# A config is written anew when its digest changes, never for a file's age, and only then does `train` run again. Where the
# change does not touch the training (scoring, the data's folder), `train` finds the work done and is over in seconds.


rule resolve:
    output:
        "results/{preset}/{run}/seed{seed}/config.py",
    log:
        "results/{preset}/{run}/seed{seed}/resolve.log",
    benchmark:
        "results/{preset}/{run}/seed{seed}/resolve.benchmark.tsv"
    # All configs before any training: the longest is chosen among those that can begin.
    priority: 1_000_000
    conda:
        "../../environment.yml"
    params:
        digest=config_digest,
        data_root=data_root,
        trunk=f"--trunk {config['trunk']}" if config["trunk"] else "",
        network=lambda wildcards: split_run(wildcards.run)[0],
        recipe=lambda wildcards: split_run(wildcards.run)[1],
    message:
        "Writing the config of {wildcards.preset}/{wildcards.run} seed {wildcards.seed}"
    shell:
        "python -m mmpose_ssn resolve --preset {wildcards.preset} --network {params.network} --seed {wildcards.seed}"
        " --recipe {params.recipe} --data-root {params.data_root} {params.trunk} --out {output} 2>&1 | tee {log}"


rule train:
    input:
        config=rules.resolve.output,
        data=data_ready,
    output:
        weights="results/{preset}/{run}/seed{seed}/weights.pth",
        record="results/{preset}/{run}/seed{seed}/weights.json",
    log:
        "results/{preset}/{run}/seed{seed}/train.log",
    benchmark:
        "results/{preset}/{run}/seed{seed}/train.benchmark.tsv"
    priority: cost_of_a_training
    conda:
        "../../environment.yml"
    threads: threads_of_a_training
    params:
        work_dir=subpath(output.weights, parent=True),
        plan=PLAN,
    message:
        "Training {wildcards.preset}/{wildcards.run} seed {wildcards.seed}"
    shell:
        "OMP_NUM_THREADS={threads} python -m mmpose_ssn train {input.config} --work-dir {params.work_dir}/training"
        " --weights {output.weights} --plan {params.plan} --log {log}"


# A checkpoint of the user's own stands in for the training.
ruleorder: adopt > train


rule adopt:
    input:
        config=rules.resolve.output,
        checkpoint=lambda wildcards: CHECKPOINTS[wildcards.run],
    output:
        weights="results/{preset}/{run}/seed{seed}/weights.pth",
        record="results/{preset}/{run}/seed{seed}/weights.json",
    log:
        "results/{preset}/{run}/seed{seed}/adopt.log",
    benchmark:
        "results/{preset}/{run}/seed{seed}/adopt.benchmark.tsv"
    wildcard_constraints:
        run="|".join(CHECKPOINTS) or "none",
    conda:
        "../../environment.yml"
    message:
        "Taking {input.checkpoint} for {wildcards.preset}/{wildcards.run}"
    shell:
        "python -m mmpose_ssn adopt {input.config} --checkpoint {input.checkpoint:q} --weights {output.weights}"
        " 2>&1 | tee {log}"


rule evaluate:
    input:
        config=rules.resolve.output,
        weights=rules.train.output.weights,
        record=rules.train.output.record,
        data=data_ready,
    output:
        scores="results/{preset}/{run}/seed{seed}/scores.json",
        predictions=directory("results/{preset}/{run}/seed{seed}/predictions"),
    log:
        "results/{preset}/{run}/seed{seed}/evaluate.log",
    benchmark:
        "results/{preset}/{run}/seed{seed}/evaluate.benchmark.tsv"
    conda:
        "../../environment.yml"
    threads: threads_of_a_training
    params:
        digest=config_digest,
    message:
        "Scoring {wildcards.preset}/{wildcards.run} seed {wildcards.seed}"
    shell:
        "OMP_NUM_THREADS={threads} python -m mmpose_ssn evaluate {input.config} --weights {input.weights}"
        " --out {output.scores} --log {log}"
