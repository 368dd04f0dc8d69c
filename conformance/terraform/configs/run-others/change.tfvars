greeting = "good evening"
