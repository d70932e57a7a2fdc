"""Translation, the paper's task, on any parallel text; by default a small grammar of our own."""
