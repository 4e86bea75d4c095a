"""Console verbs, one file each: data to stdout, narration to stderr."""
