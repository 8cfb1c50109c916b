"""Builds the image: what the Dockerfile runs. Standard library only, on the Python of the base image."""
