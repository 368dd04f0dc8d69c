policy = "volatile-ttl"
