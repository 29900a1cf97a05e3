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


# What the preset paper asks for. It never downloads 20 GB unasked: that is the rule `coco`, asked for by name.
rule find_coco:
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
        "python -m mmpose_ssn coco --root {params.root:q} --out {output} 2>&1 | tee {log}"


rule coco:
    output:
        "results/coco.json",
    log:
        "results/coco.log",
    benchmark:
        "results/coco.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        root=config["coco_root"],
        have=["--have", config["coco_have"]] if config["coco_have"] else [],
    message:
        "Getting COCO into {params.root}"
    shell:
        "python -m mmpose_ssn coco --root {params.root:q} --download {params.have:q} --out {output} 2>&1 | tee {log}"


# The manifest that this copies says which photos and annotations there are, with their digests.
rule leeds:
    output:
        "results/leeds.json",
    log:
        "results/leeds.log",
    benchmark:
        "results/leeds.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        root=config["leeds_root"],
        have=["--have", config["leeds_have"]] if config["leeds_have"] else [],
    message:
        "Getting Leeds Sports Pose into {params.root}"
    shell:
        "python -m mmpose_ssn leeds --root {params.root:q} --download {params.have:q} --out {output} 2>&1 | tee {log}"
