threshold = 9
goal      = 0.995
period    = "600s"
