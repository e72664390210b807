"""What is looked at for weaknesses without a call centre: what the images are made of."""
