log_level = "debug"
most      = 5
