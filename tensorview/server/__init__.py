"""The local server: the same page and bundle as the file, over HTTP on this machine only."""
