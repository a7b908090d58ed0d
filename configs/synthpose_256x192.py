"""What our SynthPose models at 256×192 have in common, with the classic head. Not a model by itself."""

_base_ = "coco_256x192.py"

dataset_type = "CocoDataset"
skeleton = "synthpose52"  # mmpose has no class for its markers

model = dict(head=dict(out_channels=52))

test_dataloader = dict(dataset=dict(type="CocoDataset"))
