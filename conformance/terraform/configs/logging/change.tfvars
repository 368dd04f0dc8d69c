least = "WARNING"
days  = 21
