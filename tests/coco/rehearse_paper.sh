#!/usr/bin/env bash
# Rehearses the paper preset's training of full-size SSN on a few photographs: killed on either side of the insertion, resumed, scored.
#
#   ./run tests/coco/rehearse_paper.sh PHOTOS OUT
#
# PHOTOS is a folder of COCO photographs with test_coco.json and test_coco_det_AP_H_56.json beside them (MMPose's tests have such a one).
# 50 iterations of 2 crops, insertion after 20, a checkpoint every 5: some ten minutes on two cores. What it prints is recorded in
# docs/rehearsal.md.

set -euo pipefail
photos=$(cd "$1" && pwd) out=$2
rm -rf "$out"
mkdir -p "$out/coco/annotations" "$out/coco/person_detection_results"
for split in train val; do
    ln -s "$photos" "$out/coco/${split}2017"
    ln -s "$photos/test_coco.json" "$out/coco/annotations/person_keypoints_${split}2017.json"
done
ln -s "$photos/test_coco_det_AP_H_56.json" "$out/coco/person_detection_results/COCO_val2017_detections_AP_H_56_person.json"

say() { printf '\n=== %s\n' "$*"; }

say "the paper preset's config of ssn, full size, from scratch as the weights are not at hand, 50 iterations of 2 crops"
python -m mmpose_ssn resolve --preset paper --network ssn --data-root "$out/coco" --out "$out/config.py" --cfg-options \
    train_cfg.max_iters=50 train_cfg.val_begin=51 train_dataloader.batch_size=2 train_dataloader.num_workers=1 \
    val_dataloader.num_workers=0 val_dataloader.persistent_workers=False test_dataloader.num_workers=0 \
    test_dataloader.persistent_workers=False default_hooks.checkpoint.interval=5 custom_hooks.1.iterations=20 custom_hooks.1.window=10 \
    custom_hooks.2.interval=10 custom_hooks.2.snapshot_interval=10 default_hooks.logger.interval=5 experiment.evaluation.resamples=100 \
    model.init_cfg=None

train() { python -m mmpose_ssn train "$out/config.py" --work-dir "$out/training" --weights "$out/weights.pth" --log "$out/train.log"; }

# kill_after ITERATION: train until that checkpoint lies there, then kill -9.
kill_after() {
    say "train, and kill -9 after iteration $1"
    setsid python -m mmpose_ssn train "$out/config.py" --work-dir "$out/training" --weights "$out/weights.pth" --log "$out/train.log" &
    local trainer=$!
    until compgen -G "$out/training/*/iter_$1.pth" >/dev/null || compgen -G "$out/training/*/iter_$(($1 + 5)).pth" >/dev/null; do
        kill -0 "$trainer" || { echo "the training ended by itself"; exit 1; }
        sleep 0.2
    done
    kill -9 -- "-$trainer"
    wait "$trainer" || echo "killed, exit status $?"
}

kill_after 10 # before the insertion
kill_after 30 # after it
say "train to the end"
train
say "insertion, as the log has it"
grep -h "modules inserted" "$out/train.log" || grep -rh --include='*.log' "modules inserted" "$out/training"
say "where each run went on"
grep -rhoE --include='*.log' 'resumed epoch: [0-9]+, iter: [0-9]+' "$out/training" || true
say "score every predictor, with the detector's boxes"
python -m mmpose_ssn evaluate "$out/config.py" --weights "$out/weights.pth" --out "$out/scores.json" --log "$out/evaluate.log"
python - "$out/scores.json" <<'PY'
import json, sys
scores = json.load(open(sys.argv[1]))
print({name: round(found["AP"], 3) for name, found in scores["predictors"].items()}, scores["cost"]["whole"])
PY
