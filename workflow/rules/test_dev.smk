# COCO's test-dev, whose annotations only its server has. Asked for by name:
# `./run snakemake --cores all --config preset=paper -- results/test-dev/ssn/person_keypoints_test-dev2017_ssn_results.zip`

COCO = config["coco_root"]
TEST_DEV_IMAGES = f"{COCO}/annotations/image_info_test-dev2017.json"


rule detect_test_dev:
    input:
        config=lambda wildcards: of_trainings(
            rules.resolve.output, trainings_of([wildcards.network])[:1]
        ),
        weights=lambda wildcards: of_trainings(
            rules.train.output.weights, trainings_of([wildcards.network])[:1]
        ),
        images=f"{COCO}/test2017",
        image_info=TEST_DEV_IMAGES,
        boxes=f"{COCO}/person_detection_results/COCO_test-dev2017_detections_AP_H_609_person.json",
    output:
        directory("results/test-dev/{network}/predictions"),
    log:
        "results/test-dev/{network}/detect.log",
    benchmark:
        "results/test-dev/{network}/detect.benchmark.tsv"
    conda:
        "../../environment.yml"
    threads: all_cores
    message:
        "Detecting on test-dev with {wildcards.network}"
    shell:
        "OMP_NUM_THREADS={threads} python -m mmpose_ssn detect {input.config} --weights {input.weights}"
        " --images {input.images} --image-info {input.image_info} --boxes {input.boxes} --out {output} --log {log}"


rule test_dev:
    input:
        detections=rules.detect_test_dev.output,
        image_info=TEST_DEV_IMAGES,
    output:
        "results/test-dev/{network}/person_keypoints_test-dev2017_{network}_results.zip",
    log:
        "results/test-dev/{network}/test-dev.log",
    benchmark:
        "results/test-dev/{network}/test-dev.benchmark.tsv"
    conda:
        "../../environment.yml"
    params:
        folder=subpath(output[0], parent=True),
    message:
        "Packing {wildcards.network}'s detections on test-dev"
    shell:
        "python -m mmpose_ssn test-dev --results {input.detections}/final.keypoints.json"
        " --image-info {input.image_info} --name {wildcards.network} --out {params.folder} 2>&1 | tee {log}"
