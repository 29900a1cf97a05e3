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


# What a preset on a user's photos asks for. It never downloads unasked: those are the rules `coco` and `leeds`, asked for by name.
rule find_photos:
    output:
        "results/{preset}/{data_set}.json",
    log:
        "results/{preset}/{data_set}.log",
    benchmark:
        "results/{preset}/{data_set}.benchmark.tsv"
    wildcard_constraints:
        data_set="|".join(one.name for one in DATA_SETS.values() if one.root_key),
    # Before the configs of all networks, so that it is said in seconds what is missing.
    priority: 2_000_000
    conda:
        "../../environment.yml"
    params:
        root=users_root,
    message:
        "Looking for {wildcards.data_set} in {params.root}"
    shell:
        "python -m mmpose_ssn {wildcards.data_set} --root {params.root:q} --out {output} 2>&1 | tee {log}"


rule limit_photos:
    input:
        "results/{preset}/leeds.json",
    output:
        "data/limited/{preset}/manifest.json",
    log:
        "results/{preset}/limit.log",
    benchmark:
        "results/{preset}/limit.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        root=users_root,
        photos=lambda wildcards: limit_of(wildcards.preset),
        folder=subpath(output[0], parent=True),
    message:
        "Taking {params.photos} photos of each split for the preset {wildcards.preset}"
    shell:
        "python -m mmpose_ssn leeds --root {params.root:q} --few {params.folder} --limit {params.photos} 2>&1 | tee {log}"


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
