"""Fine-tunes the small model to keypoints of one's own: the last layer starts anew for those that it does not know.

An example for eight; change out_channels to yours. The annotations' category names them ("keypoints": ["nose",
"left_wrist", …]); names that begin with left_ and right_ are each other's mirror images.
"""

_base_ = "train_finetune_t.py"

dataset_type = "OwnKeypoints"
model = dict(head=dict(out_channels=8))

training = dict(model="train_own_keypoints")
