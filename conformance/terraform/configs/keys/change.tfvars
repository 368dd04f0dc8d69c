rotation_period = "8640000s"
