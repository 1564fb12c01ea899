"""What exists once: errors, parameters, files, threads, random seeds, the training loop."""
