team            = "shop"
rotation_period = "5184000s"
