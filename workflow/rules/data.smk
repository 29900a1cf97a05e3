rule draw:
    output:
        "data/drawn/{preset}/manifest.json",
    log:
        "results/{preset}/draw.log",
    benchmark:
        "results/{preset}/draw.benchmark.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    params:
        options=draw_options,
        folder=subpath(output[0], parent=True),
    message:
        "Drawing the figures of the preset {wildcards.preset}"
    shell:
        "python -m mmpose_ssn draw --out {params.folder} {params.options} --workers {threads} 2>&1 | tee {log}"


rule coco:
    output:
        "results/{preset}/coco.json",
    log:
        "results/{preset}/coco.log",
    benchmark:
        "results/{preset}/coco.benchmark.tsv"
    priority: 100
    conda:
        "../../environment.yml"
    params:
        root=config["coco_root"],
    message:
        "Looking for COCO in {params.root}"
    shell:
        "python -m mmpose_ssn coco --root {params.root} --out {output} 2>&1 | tee {log}"
