keep = 9
