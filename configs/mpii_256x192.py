"""What our MPII models at 256×192 have in common, with the classic head. Not a model by itself."""

_base_ = "coco_256x192.py"

dataset_type = "MpiiDataset"

model = dict(head=dict(out_channels=16))

test_dataloader = dict(dataset=dict(type="MpiiDataset"))
