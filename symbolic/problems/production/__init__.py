"""Any number of problems: shards, drawn by the processes of this machine or by a cluster, and endless streams."""
