# Every page is one command, which finds its files under results/; the rules name them, so that they are made before.


# A page is rendered anew where what it says of networks and claims has changed.
DEFINITIONS = [
    str(Path(mmpose_ssn.__file__).parent / name)
    for name in ("networks.yaml", "claims/claims.yaml", "claims/orderings.yaml")
] + [str(configs_folder() / "presets" / f"{PRESET}.yaml")]


rule table1:
    input:
        definitions=DEFINITIONS,
        complexity=rules.complexity.output.costs,
        scores=scored("table1"),
        predictions=scored("table1", "predictions"),
        mean_pose=expand(rules.mean_pose.output.scores, preset=PRESET),
        data=data_ready(OF_PRESET),
    output:
        multiext(
            "results/table1", ".md", ".csv", "-orderings.csv", ".tex", "-intervals.png"
        ),
    log:
        "results/table1.log",
    benchmark:
        "results/table1.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
        only=only("table1", MEAN_POSE),
    message:
        "Rendering Table 1 of the preset {params.preset}"
    shell:
        "python -m mmpose_ssn page table1 --preset {params.preset} {params.only}"
        " 2>&1 | tee {log}"


# All that follows is asked for by name, such as `./run snakemake --cores all results/table2.md`. Table 2 trains nothing that
# Table 1 does not.
rule table2:
    input:
        definitions=DEFINITIONS,
        scores=scored("table2"),
        predictions=scored("table2", "predictions"),
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
        only=only("table2"),
    message:
        "Rendering Table 2 of the preset {params.preset}"
    shell:
        "python -m mmpose_ssn page table2 --preset {params.preset} {params.only}"
        " 2>&1 | tee {log}"


# Joint by joint, and left against right, of what is scored by PCK. It trains nothing that Table 1 does not.
rule joints:
    input:
        definitions=DEFINITIONS,
        scores=scored("table1"),
        predictions=scored("table1", "predictions"),
        mean_pose=expand(rules.mean_pose.output.scores, preset=PRESET),
        data=data_ready(OF_PRESET),
    output:
        multiext("results/joints", ".md", ".csv", "-differences.csv", ".png"),
    log:
        "results/joints.log",
    benchmark:
        "results/joints.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
        only=only("joints", MEAN_POSE),
    message:
        "Rendering what the preset {params.preset} found of each joint"
    shell:
        "python -m mmpose_ssn page joints --preset {params.preset} {params.only}"
        " 2>&1 | tee {log}"


# It trains nothing: only COCO's server can fill it.
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
        preset=PRESET,
    message:
        "Rendering Table 3"
    shell:
        "python -m mmpose_ssn page table3 --preset {params.preset} 2>&1 | tee {log}"


# The ledger: every claim of the paper, decided by the preset's trainings as far as they go.
rule claims:
    input:
        definitions=DEFINITIONS,
        costs=rules.complexity.output.claims,
        scores=scored("claims")
        + of_trainings(rules.evaluate.output.scores, FOR_CLAIMS_ALONE),
        predictions=scored("claims", "predictions")
        + of_trainings(rules.evaluate.output.predictions, FOR_CLAIMS_ALONE),
        offsets=expand(rules.offsets.output.table, preset=PRESET) if OFFSETS_OF else [],
        learned=of_trainings(
            rules.analyse.output.numbers, trainings_of(chosen_for("figure7"))
        ),
        data=data_ready(OF_PRESET),
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
        only=only("claims", *(f"{run}/seed{seed}" for run, seed in FOR_CLAIMS_ALONE)),
    message:
        "Holding the claims of the paper against the preset {params.preset}"
    shell:
        "python -m mmpose_ssn page claims --preset {params.preset} {params.only}"
        " 2>&1 | tee {log}"


# The paper's networks beside MMPose's and beside other ways to reach far.
rule baselines:
    input:
        definitions=DEFINITIONS,
        complexity=rules.complexity.output.costs,
        compared=rules.complexity.output.compared,
        full_size_latency=([] if is_meaningless(PRESET) else rules.latency.output),
        latency=(
            expand(rules.latency_of_preset.output, preset=PRESET)
            if is_small(PRESET)
            else []
        ),
        scores=scored("baselines"),
        predictions=scored("baselines", "predictions"),
        data=data_ready(OF_PRESET),
    output:
        multiext(
            "results/baselines",
            ".md",
            ".csv",
            ".png",
            "-full-size.csv",
            "-full-size.png",
        ),
    log:
        "results/baselines.log",
    benchmark:
        "results/baselines.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
        only=only("baselines"),
    message:
        "Rendering the baselines of the preset {params.preset}"
    shell:
        "python -m mmpose_ssn page baselines --preset {params.preset} {params.only}"
        " 2>&1 | tee {log}"


rule speed:
    input:
        complexity=rules.complexity.output.costs,
        compared=rules.complexity.output.compared,
        latency=rules.latency.output,
    output:
        "results/speed.md",
    log:
        "results/speed.log",
    benchmark:
        "results/speed.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
    message:
        "Rendering time and memory of the full-size networks"
    shell:
        "python -m mmpose_ssn page speed --preset {params.preset} 2>&1 | tee {log}"


rule protocols:
    input:
        rules.test_under_protocols.output.table,
    output:
        "results/protocols.md",
    log:
        "results/protocols.log",
    benchmark:
        "results/protocols.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
    message:
        "Rendering AP under every protocol"
    shell:
        "python -m mmpose_ssn page protocols --preset {params.preset} 2>&1 | tee {log}"


rule curves:
    input:
        definitions=DEFINITIONS,
        records=of_trainings(
            rules.train.output.record, trainings_of(chosen_for("curves")), "{preset}"
        ),
    output:
        multiext("results/{preset}/curves", ".md", ".csv", ".png"),
    log:
        "results/{preset}/curves.log",
    benchmark:
        "results/{preset}/curves.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        only=only("curves"),
    message:
        "Drawing the learning curves of {wildcards.preset}"
    shell:
        "python -m mmpose_ssn page curves --preset {wildcards.preset} {params.only}"
        " 2>&1 | tee {log}"


# How far information must travel. The csv files beside the page are its record, cell by cell: they are no outputs, which Snakemake
# would delete before a run that goes on.
rule dependency:
    output:
        multiext("results/dependency", ".md", ".png"),
    log:
        "results/dependency.log",
    benchmark:
        "results/dependency.benchmark.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    params:
        preset=PRESET,
        form="smoke" if is_meaningless(PRESET) else "short",
    message:
        "Measuring how far each module carries information"
    shell:
        "(python -m mmpose_ssn dependency --{params.form} --workers {threads}"
        " && python -m mmpose_ssn page dependency --preset {params.preset}) 2>&1 | tee {log}"


# What the networks have learned: the paper's Figures 5 to 7. They train nothing that Table 1 does not.


rule figure5:
    input:
        definitions=DEFINITIONS,
        numbers=of_trainings(
            rules.analyse.output.numbers, trainings_of(chosen_for("figure5"))
        ),
        arrays=of_trainings(
            rules.analyse.output.arrays, trainings_of(chosen_for("figure5"))
        ),
    output:
        multiext(
            "results/figure5",
            ".md",
            ".csv",
            ".png",
            ".pdf",
            "-joints.png",
            "-joints.pdf",
        ),
    log:
        "results/figure5.log",
    benchmark:
        "results/figure5.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
        only=only_shown("figure5"),
    message:
        "Drawing Figure 5 of the preset {params.preset}"
    shell:
        "python -m mmpose_ssn page figure5 --preset {params.preset} {params.only}"
        " 2>&1 | tee {log}"


rule figure6:
    input:
        definitions=DEFINITIONS,
        numbers=of_trainings(
            rules.analyse.output.numbers, trainings_of(chosen_for("figure6"))
        ),
        arrays=of_trainings(
            rules.analyse.output.arrays, trainings_of(chosen_for("figure6"))
        ),
    output:
        multiext("results/figure6", ".md", ".csv", ".png", ".pdf"),
    log:
        "results/figure6.log",
    benchmark:
        "results/figure6.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
        only=only_shown("figure6"),
    message:
        "Drawing Figure 6 of the preset {params.preset}"
    shell:
        "python -m mmpose_ssn page figure6 --preset {params.preset} {params.only}"
        " 2>&1 | tee {log}"


rule figure7:
    input:
        definitions=DEFINITIONS,
        numbers=of_trainings(
            rules.analyse.output.numbers, trainings_of(chosen_for("figure7"))
        ),
        arrays=of_trainings(
            rules.analyse.output.arrays, trainings_of(chosen_for("figure7"))
        ),
    output:
        multiext(
            "results/figure7", ".md", ".csv", ".png", ".pdf", "-more.png", "-more.pdf"
        ),
    log:
        "results/figure7.log",
    benchmark:
        "results/figure7.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=PRESET,
        only=only_shown("figure7"),
    message:
        "Drawing Figure 7 of the preset {params.preset}"
    shell:
        "python -m mmpose_ssn page figure7 --preset {params.preset} {params.only}"
        " 2>&1 | tee {log}"
