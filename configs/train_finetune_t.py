"""Fine-tunes the small model that ships on a user's own footage: twenty minutes on a CPU."""

_base_ = ["vitpose_t_simple_coco_256x192.py", "train_finetune.py"]

training = dict(model="vitpose_t_simple_coco_256x192")
