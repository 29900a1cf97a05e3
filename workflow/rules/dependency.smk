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
        prefix=subpath(output[0], strip_suffix=".md"),
        form="smoke" if is_meaningless(PRESET) else "short",
    message:
        "Measuring how far each module carries information"
    shell:
        "python -m mmpose_ssn dependency --{params.form} --out {params.prefix} --workers {threads} 2>&1 | tee {log}"
