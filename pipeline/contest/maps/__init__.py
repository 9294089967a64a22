"""Small maps without a picture of the ground: what drawings of targets and hits are put together from."""
