# The paper's networks beside others. Asked for by name: `./run snakemake --cores all results/baselines.md`, and results/speed.md.

DRAWN = is_drawn(OF_PRESET)
# A run of the machinery times the small networks, and those shortly.
SECONDS = 1 if is_meaningless(PRESET) else 30


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
        networks=networks_beside,
        digests=lambda wildcards: [
            config_digest(SimpleNamespace(preset=PRESET, variant=name), SEEDS[0])
            for name in networks_beside(wildcards)
        ],
    message:
        "Timing the networks of {wildcards.preset}"
    shell:
        "python -m mmpose_ssn latency --preset {wildcards.preset} --variants {params.networks}"
        " --seconds {params.seconds} --out {output} 2>&1 | tee {log}"


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
    message:
        "Rendering time and memory of the full-size networks"
    shell:
        "python -m mmpose_ssn speed --complexity {input.complexity} --compared {input.compared}"
        " --latency {input.latency} --out {output} 2>&1 | tee {log}"


rule baselines:
    input:
        complexity=rules.complexity.output.costs,
        compared=rules.complexity.output.compared,
        full_size_latency=([] if is_meaningless(PRESET) else rules.latency.output),
        latency=(expand(rules.latency_of_preset.output, preset=PRESET) if DRAWN else []),
        configs=expand(rules.resolve.output, preset=PRESET, variant=BESIDE, seed=SEEDS),
        scores=expand(
            rules.evaluate.output.scores, preset=PRESET, variant=BESIDE, seed=SEEDS
        ),
        predictions=expand(
            rules.evaluate.output.predictions,
            preset=PRESET,
            variant=BESIDE,
            seed=SEEDS,
        ),
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
        annotations=val_annotations(OF_PRESET),
        times=lambda wildcards, input: [
            word
            for option in ("full_size_latency", "latency")
            for file in [input.get(option)]
            if file
            for word in (f"--{option.replace('_', '-')}", file)
        ],
        prefix=subpath(output[0], strip_suffix=".md"),
    message:
        "Rendering the baselines of the preset {params.preset}"
    shell:
        "python -m mmpose_ssn baselines --preset {params.preset} --complexity {input.complexity}"
        " --compared {input.compared} {params.times} --annotations {params.annotations} --scores {input.scores}"
        " --out {params.prefix} 2>&1 | tee {log}"
