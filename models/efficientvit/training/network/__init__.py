"""The detector: EfficientViT backbone, additive neck, anchor-free head; in front of it the camera's pixel format."""
