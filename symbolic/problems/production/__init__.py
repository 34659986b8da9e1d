"""Problems in any number: shards, by the processes of this machine or a cluster, and streams."""
