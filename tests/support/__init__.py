"""What several tests stand on: virtual time, a model of Connect, samples."""
