# The trials on the tune split from which a preset's learning rate was chosen. Their table is committed, so that nothing else
# asks for them: `./run snakemake --cores all results/figures/trials.csv` makes it again.


TRIAL_SEED = 1000  # of no training that is reported


rule resolve_trial:
    output:
        "results/{preset}/trials/{run}/rate{rate}/config.py",
    log:
        "results/{preset}/trials/{run}/rate{rate}/resolve.log",
    benchmark:
        "results/{preset}/trials/{run}/rate{rate}/resolve.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        seed=TRIAL_SEED,
        data_root=data_root,
        digest=lambda wildcards: config_digest(wildcards, TRIAL_SEED, "tune"),
    message:
        "Writing the config of {wildcards.preset}/{wildcards.run} at the rate {wildcards.rate}"
    shell:
        "python -m mmpose_ssn resolve --preset {wildcards.preset} --network {wildcards.run} --seed {params.seed}"
        " --data-root {params.data_root} --split tune --cfg-options optim_wrapper.optimizer.lr={wildcards.rate}"
        " --out {output} 2>&1 | tee {log}"


use rule train as train_trial with:
    input:
        config=rules.resolve_trial.output,
        data=data_ready,
    output:
        weights="results/{preset}/trials/{run}/rate{rate}/weights.pth",
        record="results/{preset}/trials/{run}/rate{rate}/weights.json",
    log:
        "results/{preset}/trials/{run}/rate{rate}/train.log",
    benchmark:
        "results/{preset}/trials/{run}/rate{rate}/train.benchmark.tsv"
    params:
        work_dir=subpath(output.weights, parent=True),
        plan="results/{preset}/trials/plan.json",  # none is written
    message:
        "Training {wildcards.preset}/{wildcards.run} at the rate {wildcards.rate}"


use rule evaluate as evaluate_trial with:
    input:
        config=rules.resolve_trial.output,
        weights=rules.train_trial.output.weights,
        record=rules.train_trial.output.record,
        data=data_ready,
    output:
        scores="results/{preset}/trials/{run}/rate{rate}/scores.json",
        predictions=directory("results/{preset}/trials/{run}/rate{rate}/predictions"),
    log:
        "results/{preset}/trials/{run}/rate{rate}/evaluate.log",
    benchmark:
        "results/{preset}/trials/{run}/rate{rate}/evaluate.benchmark.tsv"
    params:
        digest=lambda wildcards: config_digest(wildcards, TRIAL_SEED, "tune"),
    message:
        "Scoring {wildcards.preset}/{wildcards.run} at the rate {wildcards.rate} on the tune split"


rule trials:
    input:
        scores=trial_scores,
    output:
        multiext("results/{preset}/trials", ".md", ".csv"),
    log:
        "results/{preset}/trials.log",
    benchmark:
        "results/{preset}/trials.benchmark.tsv"
    conda:
        "../../environment.yml"
    message:
        "Listing the trials of {wildcards.preset}"
    shell:
        "python -m mmpose_ssn page trials --preset {wildcards.preset} 2>&1 | tee {log}"
