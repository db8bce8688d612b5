"""Neural models: a small net that answers without torch, and pretrained encoders to be fine-tuned."""
