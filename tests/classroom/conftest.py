"""What pytest is not to look into."""

collect_ignore_glob = ["submissions/*", "batch_of_0_1/*"]  # what learners handed in, and a class that was graded
