"""A replication of Sutskever, Vinyals & Le (2014) on prime extraction. See README.md."""
